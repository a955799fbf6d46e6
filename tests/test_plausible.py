"""What nobody can do, and what no camera can see, is said with its cause; what people do passes in silence."""

from dataclasses import replace

import numpy as np
import people
import pytest
from camera_texts import pose2sim

from motionrecon.body.base import HUMAN
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.body.proportions import Proportions
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.place import check_place
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import INDEX
from motionrecon.errors import InputError, SimulationError
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import fit
from motionrecon.pipeline import reconstruct
from motionrecon.result.plausible import CHECKS, Outcome, doubts

T, FPS = 60, 30.0
WEIGHT = people.person().mass * 9.81


def forces(load):
    """(T, P, 3) for loads in body weights, on one foot point."""
    force = np.zeros((len(load), len(people.person().soles.names), 3))
    force[:, 0, 2] = np.asarray(load) * WEIGHT
    return force


def outcome(fps=FPS, **changes):
    """Somebody who steps on the spot, with the forces of walking."""
    body = people.person()
    qpos = people.stepping(body, T, fps)
    load = 1 + 0.25 * np.sin(2 * np.pi * np.arange(T) / fps / 0.6)
    joints = pose(body.model, qpos).at(body.landmarks)
    some = Outcome(
        body, people.camera(), Clock(fps), joints, qpos, forces(load), np.ones(T, bool), np.ones(T, bool), 1.2, Plane()
    )
    return replace(some, **changes)


def moved(by, **changes):
    """The same somewhere else."""
    some = outcome(**changes)
    by = np.broadcast_to(by, (T, 3))
    qpos = some.qpos.copy()
    qpos[:, :3] += by
    return replace(some, joints=some.joints + by[:, None], qpos=qpos)


def flung(metres):
    """The same, with a wrist that is elsewhere from one frame on."""
    some = outcome()
    joints = some.joints.copy()
    joints[30:, INDEX["left_wrist"], 0] += metres
    return replace(some, joints=joints)


def turned(axes, lift):
    """The same in another world, held up again."""
    some = outcome()
    return replace(some, joints=some.joints @ np.array(axes, float).T + [0.0, 0.0, lift])


def wide(**factors):
    """Somebody with other lengths: factors on those of an average adult."""
    usual = Proportions.typical(1.75)
    lengths = Proportions(**{n: getattr(usual, n) * factors.get(n, 1.0) for n in Proportions.names()})
    return Capsules.build(1.75, proportions=lengths)


def loads(*at):
    """Standing, with other loads in some frames."""
    load = np.ones(T)
    for frame, value in at:
        load[frame] = value
    return forces(load)


running = forces(2.7 * np.maximum(np.sin(np.pi * np.arange(T) / FPS / 0.22 * 0.7), 0))
at_60 = forces(np.interp(np.arange(T), [0, 20, 23, 28, 40, 60], [0, 0, 4.5, 2.5, 1, 1]))  # lands from a jump
uncalibrated = replace(people.camera(), calibrated=False)
GOOD = {
    "steps": outcome(),
    "runs": outcome(contact_force=running),
    "lands from a jump": outcome(fps=60.0, contact_force=at_60),
    "jumps": outcome(contact_force=loads(*[(t, 0.0) for t in range(20, 44)])),
    "throws": flung(0.8),
    "sprints": moved(np.outer(np.arange(T) / FPS, [0.0, 12.0, 0.0]) * [1, -0.02, 1]),
    "stands on a deck": moved([0, 0, 0.048]),
    "a deck that the fit took for the floor": outcome(floor_moved=0.048),
    "stands on a stage that is not in the calibration": moved([0, 0, 0.5]),
    "a floor that was never calibrated": moved([0, 0, 5.0], camera=uncalibrated),
    "large hands and short legs": outcome(body=wide(forearm=1.2, hip_width=1.25, thigh=0.85)),
    "is not simulated": outcome(contact_force=forces(np.zeros(T)), simulated=np.zeros(T, bool)),
    "feet that leave the picture for a moment": outcome(feet_cut_off=0.3),
    "leaves the picture of a camera that zooms": outcome(
        camera=PanTiltZoom(people.camera(), np.tile(np.eye(3), (T, 1, 1)), np.linspace(1.0, 1.1, T)),
        seen=np.arange(T) != 20,
    ),
    "is never seen": outcome(seen=np.zeros(T, bool)),
    "nothing to compare": outcome(reprojection_percent=None),
}


@pytest.mark.parametrize("some", GOOD.values(), ids=GOOD.keys())
def test_what_people_do_passes_in_silence(some):
    assert doubts(some) == []


ODD = {
    "on a roof": (
        moved([0, 0, 88.0]),
        {"height_over_floor": "88.0 m above the calibration's floor", "distance": "behind the camera"},
    ),
    "under the floor": (moved([0, 0, -0.6]), {"height_over_floor": "0.6 m below the calibration's floor"}),
    "a world that is Y-up": (turned([[1, 0, 0], [0, 0, -1], [0, 1, 0]], 0.5), {"upright": "lying or on all fours"}),
    "a world that is Z-down": (turned([[1, 0, 0], [0, -1, 0], [0, 0, -1]], 1.8), {"upright": "upside down"}),
    "a floor that was found elsewhere": (
        outcome(floor_moved=-0.115),
        {"floor": "the floor was found 0.12 m below the calibration's"},
    ),
    "behind the camera": (moved(2.2 * np.array([3.2, -2.4, 0])), {"distance": "behind the camera at 0."}),
    "inside the lens": (
        moved(0.91 * np.array([3.2, -2.4, 0])),
        {"distance": "focal length is probably too short"},
    ),
    "far": (
        moved(-18 * np.array([3.2, -2.4, 0]), camera=uncalibrated),
        {"distance": "too long", "size_in_picture": "pixels"},
    ),
    "only the upper body": (
        outcome(feet_cut_off=0.8),
        {"feet_in_picture": "in 80 % of the frames: what the legs do there, where the floor is, and all forces"},
    ),
    "the upper body now and then, as the verdict allows": (
        outcome(feet_cut_off=0.4),
        {"feet_in_picture": "what the legs do there, and the forces there, are guesses"},
    ),
    "elsewhere": (outcome(reprojection_percent=14.0), {"reprojection": "14 % of the person's height away"}),
    "leaps": (
        moved([[3.0 * (t >= 30), 0, 0] for t in range(T)]),
        {"speed": "moves at 90 m/s at 0.97 s", "limbs": "m/s at 0.97 s"},
    ),
    "a hand that flies": (
        flung(2.0),
        {"limbs": "the left wrist moves at 60 m/s at 0.97 s, faster than anybody throws or kicks"},
    ),
    "an ape": (
        outcome(body=wide(forearm=1.6, shank=0.6)),
        {"lengths": "forearm 1.60, shank 0.60 times what is usual beside the other lengths; these lengths are"},
    ),
    "one long arm among lengths that are as people have them": (
        outcome(body=wide(upper_arm=1.3, hip_width=1.15)),
        {"lengths": "like this: upper arm 1.30 times what is usual beside the other lengths; this length is probably"},
    ),
    "a child of another height": (
        outcome(body=wide(**dict.fromkeys(Proportions.names(), 0.75))),
        {"size": "0.75 times what is usual for 1.75 m, as if it were 1.31 m: check the height and the calib"},
    ),
    "13 weights": (
        outcome(contact_force=loads((29, 8), (30, 13.0), (31, 12), (32, 6))),
        {"heaviest": "13.0 body weights at 1.00 s"},
    ),
    "a spike": (outcome(contact_force=loads((29, 2.2))), {"force_jumps": "jumps by 1.2 body weights at 0.97 s, more"}),
    "two spikes": (
        outcome(contact_force=loads((29, 2.5), (48, 2.2))),
        {"force_jumps": "1.5 body weights at 0.97 s (and at 1 more)"},
    ),
    "in the air": (
        outcome(contact_force=loads(*[(t, 0.0) for t in range(20, 55)])),
        {"airborne": "for 1.2 s from 0.67 s on"},
    ),
}


@pytest.mark.parametrize(("some", "said"), ODD.values(), ids=ODD.keys())
def test_what_nobody_does_is_said_with_its_cause(some, said):
    found = {check.__name__: check(some) for check in CHECKS}
    for name, text in said.items():
        assert found[name] is not None, name
        assert text in found[name] or pytest.fail(found[name]), name
    others = {name for name, text in found.items() if text is not None} - set(said) - {"force_jumps", "size_in_picture"}
    assert not others
    assert all("\n" not in text for text in doubts(some))


@pytest.mark.parametrize("some", [some for some, _ in ODD.values()], ids=ODD.keys())
def test_no_word_on_the_whole_motion_can_contradict_the_verdict(some):
    """A motion is wrong or not to be trusted at moments only: the rest is the verdict's, which may be good."""
    for text in doubts(some):
        judges = [word for word in ("trust", "broken", "keypoints are") if word in text]
        assert not judges or " there" in text, text


def test_times_are_the_motions_and_the_films_where_these_are_others():
    some = outcome(contact_force=loads((29, 2.2)))
    slow = replace(some, clock=Clock(240.0, film_fps=30.0, first=60))
    some = replace(some, clock=Clock(30.0, first=60))
    assert "at 0.97 s (2.97 s of the film), more" in doubts(some)[0]
    assert slow.at(29) == "0.12 s (2.97 s of the film)"


@pytest.mark.parametrize("name", ["joints", "qpos", "contact_force"])
def test_what_is_no_number_is_an_error(name):
    some = outcome()
    values = getattr(some, name).copy()
    values[12].flat[3] = np.nan
    with pytest.raises(SimulationError, match=rf"{name} are not finite at 0\.40 s"):
        doubts(replace(some, **{name: values}))


def test_a_fit_to_wild_keypoints_has_human_lengths():
    """A trunk 1,000 pixels longer than it is, in the picture and in the detector's 3D, once made one of 1.8 m."""
    body = people.person()
    seen = people.see(body, people.stepping(body, 20), people.camera())
    pixels, points = seen.pixels.copy(), seen.points_3d.copy()
    pixels[:, : INDEX["left_hip"], 1] -= 1000.0
    points[:, : INDEX["left_hip"], 1] -= 3.5
    wild = replace(seen, pixels=pixels, points_3d=points)
    figure = fit([wild.view], Capsules.build(1.75), Plane())
    prior = figure.body.shape_prior
    assert (np.abs(figure.body.shape - prior.mean) <= HUMAN * prior.spread + 1e-9).all()
    assert figure.body.lengths["torso"] < 0.66 and np.isfinite(figure.qpos).all()


def placed(factor=1.0, raised=0.0):
    """The check of where somebody is, with the calibration's translation in another unit, or its floor elsewhere."""
    camera = people.camera()
    seen = people.see(people.person(), people.stepping(people.person(), 10), camera)
    t = factor * (camera.t_camera_world - camera.R_camera_world @ [0.0, 0.0, raised])
    return replace(camera, t_camera_world=t), seen.pixels, seen.confidence, 1.75


@pytest.mark.parametrize("raised", [0.0, 0.048, -1.0, 3.0, 15.0])
def test_a_floor_that_is_not_at_zero_is_no_reason_to_refuse(raised):
    check_place(*placed(raised=raised))


@pytest.mark.parametrize(("factor", "unit"), [(100.0, "cm"), (1000.0, "mm")])
def test_a_translation_in_another_unit_is_refused_before_the_work(factor, unit):
    with pytest.raises(
        InputError, match=rf'above the floor; its translation is probably in {unit}: write unit = "{unit}"'
    ):
        check_place(*placed(factor))


def test_a_person_far_under_the_floor_is_refused_and_what_nobody_knows_is_not():
    with pytest.raises(InputError, match=r"below the floor; give its translation in metres"):
        check_place(*placed(raised=-60.0))
    with pytest.raises(InputError, match=r"^camera=\.\.\., left: in the world"):
        check_place(*placed(raised=-60.0), "left")
    camera, pixels, confidence, height = placed(100.0)
    check_place(replace(camera, calibrated=False), pixels, confidence, height)
    check_place(camera, np.full_like(pixels, np.nan), confidence, height)
    few = np.zeros_like(confidence)
    few[:, [INDEX["nose"], INDEX["left_wrist"]]] = 1.0
    check_place(camera, pixels, few, height)


@pytest.fixture(scope="module")
def keypoints(tmp_path_factory):
    """A keypoint file of somebody who steps, before `people.camera`."""
    seen = people.see(people.person(), people.stepping(people.person(), 24), people.camera(), noise=1.0)
    path = tmp_path_factory.mktemp("keypoints") / "steps.npz"
    arrays = {"pixels": seen.pixels, "confidence": seen.confidence, "points_3d": seen.points_3d}
    np.savez(path, fps=FPS, image_size=people.SIZE, **arrays)
    return path


def calibration(folder, factor=1.0, raised=0.0):
    camera = people.camera()
    t = factor * (camera.t_camera_world - camera.R_camera_world @ [0.0, 0.0, raised])
    path = folder / "calibration.toml"
    path.write_text(pose2sim(camera.K, [0, 0, 0, 0], people.SIZE, camera.R_camera_world, t))
    return path


def test_the_main_job_refuses_a_world_in_centimetres(tmp_path, keypoints):
    with pytest.raises(InputError, match='write unit = "cm"'):
        reconstruct(keypoints=keypoints, camera=calibration(tmp_path, 100.0), height=1.75, physics=False)


def test_the_main_job_says_what_is_odd_and_keeps_it_in_the_report(tmp_path, keypoints):
    motion = reconstruct(keypoints=keypoints, camera=calibration(tmp_path), height=1.75, physics=False)
    assert list(motion.report["warnings"]) == []
    camera = calibration(tmp_path, raised=6.0)
    motion = reconstruct(keypoints=keypoints, camera=camera, height=1.75, physics=False)
    assert any("above the calibration's floor" in warning for warning in motion.report["warnings"])
