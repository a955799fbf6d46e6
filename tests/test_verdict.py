"""The verdict: signs that grow as what was seen gets worse, a law that is monotone, and a word with its reasons."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import camera, person, see, stepping
from scipy.ndimage import gaussian_filter1d

from motionrecon.background.motion import UNKNOWN
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import INDEX
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.certainty import spread
from motionrecon.kinematics.solver import drawn
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.observed import reprojected
from motionrecon.kinematics.terms.pose_prior import PosePrior
from motionrecon.kinematics.terms.smoothness import Smoothness
from motionrecon.verdict import forces, signs
from motionrecon.verdict.evidence import LIMBS, Evidence
from motionrecon.verdict.forces import FORCE
from motionrecon.verdict.judge import verdict
from motionrecon.verdict.law import Law
from motionrecon.verdict.record import Verdict, Word
from motionrecon.verdict.signs import POSE
from motionrecon.verdict.weights import FORCE_LAW, POSE_LAW
from motionrecon.views import Figure

_MM = 1e3  # to a metre

LAWS = {"pose": (POSE_LAW, POSE), "force": (FORCE_LAW, FORCE)}


@cache
def figure() -> Figure:
    """Somebody who steps on the spot for a second, found exactly."""
    body = person()
    return see(body, stepping(body, 30), camera()).figure


def evidence(of: Figure | None = None, force: np.ndarray | None = None, **known: bool) -> Evidence:
    """Of a motion on which the ground pushes so, body weights, or that was not simulated."""
    found = of or figure()
    body = found.body
    push = np.zeros((len(found), len(body.soles.names), 3))
    if force is not None:
        push[:, 0, 2] = force * body.mass * 9.81
    return Evidence(found, found.qpos, push, np.full(len(found), force is not None), **known)


def seen(**changes: np.ndarray) -> Figure:
    """The same person, of whom something else was seen."""
    (view,) = figure().views
    return replace(figure(), views=(replace(view, **changes),))


# ---------------------------------------------------------------- what is left open


def test_steps_are_drawn_from_the_inverse_of_the_normal_equations() -> None:
    (view,) = figure().views
    x = Trajectory(figure().body, figure().qpos[:3], Plane())
    terms = [reprojected(view.part(slice(0, 3))), PosePrior(), Smoothness(30.0)]
    steps = drawn(x, terms, 20_000).reshape(20_000, -1)
    nv = x.body.model.nv
    information = np.zeros((3 * nv, 3 * nv))
    for block in (term(x) for term in terms):
        for run, first in enumerate(block.frames):
            jacobian = np.zeros((block.residual.shape[1], 3 * nv))
            for i, by in enumerate(block.jacobians):
                if by is not None:
                    jacobian[:, (first + i) * nv : (first + i + 1) * nv] = by[run]
            information += jacobian.T @ jacobian
    known = np.sqrt(np.diag(np.linalg.inv(information)))
    assert np.allclose(steps.std(0) / known, 1.0, atol=0.03)


def test_two_cameras_leave_less_open_than_one_and_a_hidden_arm_more() -> None:
    body, qpos = person(), stepping(person(), 30)
    views = tuple(see(body, qpos, camera(eye)).view for eye in ((3.2, -2.4, 1.3), (2.4, 3.2, 1.3)))
    one, two = (spread(replace(figure(), views=which), LIMBS).mean() for which in (views[:1], views))
    assert 0.005 < two < 0.8 * one < 0.1
    weight = figure().views[0].weight.copy()
    weight[:, [INDEX["left_elbow"], INDEX["left_wrist"]]] = 0.0
    wrist = int(np.flatnonzero(INDEX["left_wrist"] == LIMBS)[0])
    hidden = spread(seen(weight=weight), LIMBS).mean(0)
    assert hidden[wrist] > 1.4 * spread(figure(), LIMBS).mean(0)[wrist]


def test_a_walkers_lower_foot_leaves_less_open_where_a_wrong_up_may_have_lifted_it() -> None:
    """At 10 frames a second, as the fit has it: within 40 cm of a floor that nobody told, and 10 of a known one."""
    body, frames, fps = person(), 30, 10.0
    qpos = stepping(body, frames, fps, period=1.1)
    qpos[:, 0] += 1.1 * np.arange(frames) / fps
    qpos[:, 2] += 0.25
    told = see(body, qpos, camera()).figure
    (view,) = told.views
    told = replace(told, views=(replace(view, clock=Clock(fps)),))
    untold = replace(told, views=(replace(told.views[0], camera=replace(view.camera, calibrated=False)),))
    ankles = np.array([INDEX["left_ankle"], INDEX["right_ankle"]])
    assert spread(untold, ankles).mean() < 0.95 * spread(told, ankles).mean()


def test_frames_in_which_nobody_was_seen_for_long_leave_the_others_as_sure_as_they_are() -> None:
    (view,) = figure().views
    pixels, weight, points_3d = view.pixels.copy(), view.weight.copy(), view.points_3d.copy()
    pixels[:20], weight[:20], points_3d[:20] = np.nan, 0.0, np.nan
    lost = seen(pixels=pixels, weight=weight, points_3d=points_3d, seen=np.arange(30) >= 20)
    sign = POSE["left_open"].measure
    alone = _MM * spread(lost, LIMBS, slice(20, 30)).mean()
    assert sign(evidence(lost)) == pytest.approx(alone)
    assert sign(evidence()) == pytest.approx(_MM * spread(figure(), LIMBS).mean())
    assert _MM * spread(lost, LIMBS).mean() > 2 * alone  # which nobody but the gap is to blame for


def test_who_is_seen_in_one_frame_only_leaves_more_open_than_who_is_seen_for_longer() -> None:
    (view,) = figure().views

    def glimpsed(frames: int) -> Figure:
        shown = np.arange(30) < frames
        pixels = np.where(shown[:, None, None], view.pixels, np.nan)
        points_3d = np.where(shown[:, None, None], view.points_3d, np.nan)
        return seen(pixels=pixels, points_3d=points_3d, weight=view.weight * shown[:, None], seen=shown)

    sign = POSE["left_open"].measure
    once, longer = (sign(evidence(glimpsed(frames))) for frames in (1, 10))
    assert longer < once < np.inf


# ---------------------------------------------------------------- signs


def noisy(pixels: float = 0.0, metres: float = 0.0) -> Figure:
    (view,) = figure().views
    rng = np.random.default_rng(1)
    return seen(
        pixels=view.pixels + pixels * rng.standard_normal(view.pixels.shape),
        points_3d=view.points_3d + metres * rng.standard_normal(view.points_3d.shape),
    )


@pytest.mark.parametrize(
    ("sign", "worse"),
    [
        (signs.unlike_the_detector, noisy(metres=0.1)),
        (signs.off_the_keypoints, noisy(pixels=10.0)),
        (signs.jumping_keypoints, noisy(pixels=10.0)),
        (signs.hardly_seen, seen(weight=0.1 * figure().views[0].weight)),
        (signs.not_seen, seen(weight=0.0 * figure().views[0].weight)),
        (signs.left_open, seen(weight=0.3 * figure().views[0].weight)),
        (signs.without_depth, seen(points_3d=np.full_like(figure().views[0].points_3d, np.nan))),
    ],
)
def test_a_sign_grows_as_what_was_seen_gets_worse(sign, worse) -> None:
    assert sign(evidence(worse)) > 1.5 * sign(evidence()) >= 0.0


def test_signs_are_in_the_units_that_they_say() -> None:
    (view,) = figure().views
    pixels = 1e3 / signs.small_in_the_picture(evidence())
    assert pixels == pytest.approx(1000.0 / 4.1, rel=0.1)  # 1000 px of focal length, 4 m away
    moved = seen(pixels=view.pixels + np.array([0.05 * pixels, 0.0]))
    assert signs.off_the_keypoints(evidence(moved)) == pytest.approx(50.0, rel=0.1)
    other = seen(points_3d=view.points_3d + np.where(np.arange(33) < 23, 0.06, 0.0)[:, None] * [1.0, 0.0, 0.0])
    assert signs.unlike_the_detector(evidence(other)) == pytest.approx(30.0, rel=0.1)  # half of the joints


@pytest.mark.parametrize("fps", [120.0, 60.0, 25.0, 15.0, 10.0, 5.0])
def test_keypoints_jump_as_far_whatever_the_rate(fps) -> None:
    """Of somebody who steps, seen by a detector whose errors last for some frames at 30 a second, as real ones do."""

    def jump(fps: float) -> float:
        qpos = stepping(person(), round(12 * fps), fps)
        view = see(person(), qpos, camera()).view
        noise = gaussian_filter1d(np.random.default_rng(0).standard_normal((12 * 120, 33, 2)), 3.0, axis=0)
        pixels = view.pixels + 6.0 * noise[(np.arange(len(view)) * 120 / fps).astype(int)]
        view = replace(view, pixels=pixels, clock=Clock(fps))
        return signs.jumping_keypoints(evidence(Figure(person(), (view,), Plane(), qpos)))

    assert jump(fps) == pytest.approx(jump(30.0), rel=0.6)
    assert signs.jumping_keypoints(evidence(noisy(pixels=10.0))) > 3.0 * jump(fps)


@pytest.mark.parametrize("fps", [10.0, 5.0])
def test_who_walks_is_on_a_foot_in_a_film_of_few_frames_a_second_that_tell_no_speed(fps) -> None:
    body, frames = person(), round(4 * fps)
    qpos = stepping(body, frames, fps, period=1.1)
    qpos[:, 0] += 1.0 * np.arange(frames) / fps  # feet that stand slide in it
    found = see(body, qpos, camera()).figure
    (view,) = found.views
    walks = evidence(replace(found, views=(replace(view, clock=Clock(fps)),)))
    assert signs.in_the_air(walks) < 30.0
    flies = evidence(replace(found, qpos=qpos + np.eye(1, qpos.shape[1], 2), views=walks.figure.views))
    assert signs.in_the_air(flies) == 100.0


def test_who_stands_still_is_seen_to_crouch_and_to_lean() -> None:
    body = person()
    qpos = np.tile(body.rest_qpos, (20, 1))
    for side in ("left", "right"):
        qpos[:, body.model.joint(f"{side}_knee_flexion").qposadr[0]] = np.radians(30)
        qpos[:, body.model.joint(f"{side}_hip_flexion").qposadr[0]] = np.radians(15)
        qpos[:, body.model.joint(f"{side}_ankle_flexion").qposadr[0]] = np.radians(15)
    qpos[:, 2] -= Trajectory(body, qpos, Plane()).over.min()
    found = evidence(see(body, qpos, camera()).figure)
    assert signs.standing_crouched(found) == pytest.approx(30.0, abs=2.0)
    assert signs.standing_leaning(found) < 10.0
    nobody = see(body, qpos + np.eye(1, qpos.shape[1], 2), camera()).figure  # a metre up
    assert np.isnan(signs.standing_crouched(evidence(nobody)))


def test_a_jump_of_the_force_is_told_with_its_time() -> None:
    force = np.ones(30)
    force[15] = 2.3
    found = evidence(force=force)
    assert forces.largest_jump(found) == pytest.approx(1.3, abs=0.01)
    assert FORCE["largest_jump"].say(found, 1.3) in {
        f"weight jumps by 1.3 body weights at {when} s" for when in ("0.5", "0.4")
    }
    assert forces.unsteady(found) == pytest.approx(2.6, abs=0.1)


def test_force_is_compared_with_what_the_motion_takes() -> None:
    assert forces.unlike_the_motion(evidence(force=np.ones(30))) < 15.0
    assert forces.unlike_the_motion(evidence(force=np.full(30, 1.5))) == pytest.approx(50.0, abs=15.0)
    assert forces.without_weight(evidence(force=np.zeros(30))) > 90.0
    assert forces.left_out(evidence()) == 100.0


def test_what_physics_moved_is_told_in_millimetres() -> None:
    found = evidence(force=np.ones(30))
    assert signs.moved_by_physics(found) == forces.off_the_film(found) == 0.0
    bent = found.qpos.copy()
    bent[:, found.figure.body.model.joint("left_elbow_flexion").qposadr[0]] += 0.5
    wrist = 1e3 * found.figure.body.lengths["forearm"] * 2 * np.sin(0.25)
    assert signs.moved_by_physics(replace(found, qpos=bent)) == pytest.approx(wrist / len(LIMBS), rel=0.05)


# ---------------------------------------------------------------- law and word


@pytest.mark.parametrize("law", LAWS)
def test_laws_weigh_signs_that_there_are(law) -> None:
    found, known = LAWS[law]
    assert set(found.weights) <= set(known)
    assert all(weight.power > 0 and weight.scale > 0 for weight in found.weights.values())


@given(st.sampled_from(sorted(LAWS)), st.data())
def test_a_worse_sign_is_never_better(law, data) -> None:
    found: Law = LAWS[law][0]
    numbers = {name: data.draw(st.floats(0, 1e4)) for name in found.weights}
    name = data.draw(st.sampled_from(sorted(found.weights)))
    assert found.expected(numbers | {name: numbers[name] + data.draw(st.floats(0, 1e4))}) >= found.expected(numbers)


@pytest.mark.parametrize("law", LAWS)
def test_what_tells_nothing_counts_as_usual(law) -> None:
    found: Law = LAWS[law][0]
    usual = {name: weight.usual for name, weight in found.weights.items()}
    assert found.expected(dict.fromkeys(usual, float("nan"))) == pytest.approx(found.expected(usual))
    assert found.worse(usual) == pytest.approx(dict.fromkeys(usual, 1.0))


def test_a_motion_that_is_seen_well_is_good_and_one_that_is_not_poor_for_reasons() -> None:
    good = verdict(evidence())
    assert good.word is Word.GOOD and good.expected_force_percent is None
    weight = 0.1 * figure().views[0].weight
    (view,) = noisy(pixels=25.0, metres=0.15).views
    poor = verdict(evidence(replace(figure(), views=(replace(view, weight=weight),))))
    assert poor.word is Word.POOR and poor.expected_mm > 1.5 * good.expected_mm
    assert any("detector's own 3D" in reason for reason in poor.reasons) and len(poor.reasons) <= 4


def test_forces_may_spoil_a_good_motion() -> None:
    rng = np.random.default_rng(0)
    found = verdict(evidence(force=2.0 + 2.0 * rng.standard_normal(30)))
    assert found.word is Word.POOR and found.expected_force_percent > 30.0


def test_a_camera_that_moves_unknown_is_poor_whatever_was_seen() -> None:
    (view,) = figure().views
    found = verdict(evidence(replace(figure(), views=(replace(view, camera_motion=UNKNOWN),))))
    assert found.word is Word.POOR and found.reasons[0] == "the camera moves, and nobody can tell how"


def test_an_assumed_height_is_a_reason() -> None:
    known, assumed = verdict(evidence()), verdict(evidence(height_given=False))
    assert known.signs["height_assumed"] == 0.0 and assumed.signs["height_assumed"] == 1.0
    assert assumed.expected_mm >= known.expected_mm


@pytest.mark.parametrize(
    ("growth", "height_given", "words"),
    [(0.1, True, "larger than the height that was given"), (-0.1, False, "smaller than the height that was assumed")],
)
def test_another_size_is_told_of_the_height_that_was_given_or_assumed(growth, height_given, words) -> None:
    body = figure().body
    other = replace(figure(), body=body.reshaped(body.shape_prior.mean + growth * body.shape_prior.growth))
    sign, found = POSE["odd_size"], evidence(other, height_given=height_given)
    assert sign.say(found, sign.measure(found)) == f"the person is 10 % {words}"


def test_what_the_simulation_left_of_the_film_adds_to_both_errors() -> None:
    found = evidence(force=np.ones(30))
    bent = found.qpos.copy()
    for side in ("left", "right"):
        bent[:, found.figure.body.model.joint(f"{side}_elbow_flexion").qposadr[0]] += 1.5
    before, after = verdict(found), verdict(replace(found, qpos=bent))
    moved = after.signs["moved_by_physics"]
    assert moved > 30.0 and after.expected_mm == pytest.approx(np.hypot(before.expected_mm, moved))
    assert after.expected_force_percent > before.expected_force_percent
    half = verdict(replace(found, qpos=bent, simulated=np.arange(30) < 20))
    for found_so in (after, half):  # one reason for both errors, though only the simulated frames count for forces
        assert sum("the simulation has the joints" in reason for reason in found_so.reasons) == 1


@pytest.mark.parametrize(("filmed", "told"), [(1.0, True), (0.7, False)])
def test_forces_under_feet_that_no_picture_shows_are_guesses(filmed: float, told: bool) -> None:
    (view,) = figure().views
    ankles = view.camera.project(
        Trajectory(figure().body, figure().qpos, Plane()).landmarks[:, [INDEX["left_ankle"], INDEX["right_ankle"]]]
    )
    low = int(filmed * ankles[..., 1].min()) if filmed < 1.0 else view.camera.image_size[1]
    cut = replace(view, camera=replace(view.camera, image_size=(view.camera.image_size[0], low)))
    found = verdict(evidence(replace(figure(), views=(cut,)), np.ones(30)))
    assert (found.expected_force_percent is not None) == told
    assert any("feet are outside the picture in 100 % of the frames" in why for why in found.reasons) != told
    assert ("ground force" in str(found)) == told and (told or found.word is not Word.GOOD)


@pytest.mark.parametrize(("of_it", "off"), [(30, 0.0), (12, 0.6), (0, 1.0)])
def test_feet_are_filmed_by_a_second_camera_while_it_sees_the_person(of_it: int, off: float) -> None:
    (whole,) = figure().views
    hips = int(whole.pixels[:, [INDEX["left_hip"], INDEX["right_hip"]], 1].max())
    without_feet = replace(whole, camera=replace(whole.camera, image_size=(whole.camera.image_size[0], hips)))
    second = replace(whole, seen=np.arange(30) < of_it)  # films no longer than that, and has the feet in its picture
    found = evidence(replace(figure(), views=(without_feet, second)), np.ones(30))
    assert found.feet_cut_off == pytest.approx(off)
    assert (verdict(found).expected_force_percent is None) == (off > 0.5)


def test_feet_of_who_is_not_in_the_picture_at_all_are_not_cut_off() -> None:
    (view,) = figure().views
    elsewhere = replace(view, camera=replace(view.camera, image_size=(1, 1)))
    assert evidence(replace(figure(), views=(elsewhere,))).feet_cut_off == 0.0


def without(first: int, last: int) -> Figure:
    """The same person in a film of whom some frames show nobody."""
    (view,) = figure().views
    lost = (np.arange(30) >= first) & (np.arange(30) < last)
    pixels, points_3d = (np.where(lost[:, None, None], np.nan, values) for values in (view.pixels, view.points_3d))
    return seen(pixels=pixels, points_3d=points_3d, weight=view.weight * ~lost[:, None], seen=~lost)


def test_of_a_photo_shown_as_a_film_nothing_was_checked() -> None:
    (view,) = figure().views
    frozen = {name: np.tile(getattr(view, name)[:1], (30, 1, 1)) for name in ("pixels", "points_3d")}
    trembling = frozen["pixels"] + 0.5 * np.random.default_rng(0).standard_normal(view.pixels.shape)
    for pixels in (frozen["pixels"], trembling):
        photo = replace(seen(**frozen | {"pixels": pixels}), qpos=np.tile(figure().qpos[:1], (30, 1)))
        found = verdict(evidence(photo))
        assert found.word is Word.FAIR and found.reasons[0].startswith("nothing moves, so nothing could be checked")
    waving = trembling.copy()
    waving[10:20, INDEX["left_wrist"], 1] -= 20.0
    moving = verdict(evidence(replace(photo, views=(replace(view, pixels=waving),))))
    assert moving.word is Word.GOOD and not any("nothing moves" in why for why in moving.reasons)
    unsure = evidence(replace(photo, views=(replace(view, pixels=waving, weight=0.6 * view.weight),)))
    assert not any("nothing moves" in why for why in verdict(unsure).reasons), "nobody can tell whether it does"


@pytest.mark.parametrize(
    ("frames", "word", "said"),
    [
        ((3, 8), Word.GOOD, None),  # so short that it is bridged
        ((0, 1), Word.GOOD, "nobody is seen in 3 % of the frames, for up to 0.1 s"),
        ((0, 2), Word.GOOD, "nobody is seen in 7 % of the frames, for up to 0.1 s"),
        ((0, 10), Word.FAIR, "nobody is seen in 33 % of the frames, for up to 0.3 s"),
        ((5, 22), Word.POOR, "nobody is seen in 57 % of the frames, for up to 0.6 s"),
    ],
)
def test_frames_that_show_nobody_are_a_reason_and_spoil_the_word(frames, word, said) -> None:
    found = verdict(evidence(without(*frames)))
    assert found.word is word
    assert [why for why in found.reasons if "nobody" in why] == ([said] if said else [])


@pytest.mark.parametrize(("off", "word"), [(0.0, Word.GOOD), (7.0, Word.FAIR), (36.0, Word.POOR)])
def test_a_calibration_that_lines_contradict_is_a_reason_and_spoils_the_word(off: float, word: Word) -> None:
    (view,) = figure().views
    found = verdict(evidence(replace(figure(), views=(replace(view, held_otherwise=off),))))
    assert found.word is word
    assert any("contradict the camera's calibration" in why for why in found.reasons) == (off > 0)


def test_frames_of_other_shots_are_no_gap() -> None:
    (view,) = without(0, 10).views
    found = verdict(evidence(replace(figure(), views=(replace(view, shown=np.arange(30) >= 10),))))
    assert found.word is Word.GOOD and not any("nobody" in why for why in found.reasons)


def test_nobody_seen_has_a_verdict_too() -> None:
    (view,) = figure().views
    nothing = seen(
        pixels=np.full_like(view.pixels, np.nan),
        points_3d=np.full_like(view.points_3d, np.nan),
        weight=np.zeros_like(view.weight),
        seen=np.zeros_like(view.seen),
    )
    found = verdict(evidence(nothing))
    assert np.isfinite(found.expected_mm) and found.word is Word.POOR
    assert any("nobody is seen in 100 %" in why for why in found.reasons)
    assert not any("nothing moves" in why for why in found.reasons)


def test_it_is_written_and_read_again() -> None:
    made = verdict(evidence(force=np.ones(30)))
    again = Verdict.of(json.loads(json.dumps(dict(made))))
    assert dict(again) == dict(made) and again.word is made.word
    assert str(made).startswith(
        f"{made.word}, joints are expected to be {made.expected_mm:.0f} mm off, the vertical ground force "
    )


@pytest.mark.parametrize("frames", [2, 3, 5])
def test_the_shortest_clips_have_a_verdict(frames) -> None:
    (view,) = figure().views
    short = replace(figure(), qpos=figure().qpos[:frames], views=(view.part(slice(0, frames)),))
    for force in (None, np.ones(frames)):
        assert np.isfinite(verdict(evidence(short, force)).expected_mm)
