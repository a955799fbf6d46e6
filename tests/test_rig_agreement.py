"""Views that are mistaken for a while: sides put back, others left out, and views that are right left alone."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import camera, person, see, stepping
from scipy.spatial.transform import Rotation

from motionrecon.core.landmarks import MIRROR, NAMES
from motionrecon.rig.agreement import agreed
from motionrecon.rig.outsiders import outsider, settled

PLACES = [(3.2, -2.4, 1.3), (-2.9, -2.6, 1.5), (0.4, 4.1, 1.2), (3.5, 2.5, 1.8)]
FRAMES = 60
LEGS = np.array([name.endswith(("knee", "ankle", "heel", "foot_index")) for name in NAMES])
ARMS = np.array([name.endswith(("elbow", "wrist", "pinky", "index", "thumb")) for name in NAMES])
EVERYTHING = np.ones(len(NAMES), dtype=bool)


@cache
def _views(count, noise=3.0):
    """What `count` cameras see of somebody who steps on the spot and turns half round."""
    body = person()
    qpos = stepping(body, FRAMES)
    turn = Rotation.from_euler("z", np.linspace(0, np.pi, FRAMES)[:, None])
    qpos[:, 3:7] = (turn * Rotation.from_quat(qpos[:, 3:7], scalar_first=True)).as_quat(scalar_first=True)
    qpos[:, :3] = turn.apply(qpos[:, :3])
    rng = np.random.default_rng(5)
    seen = [see(body, qpos, camera(place)).view for place in PLACES[:count]]
    return tuple(replace(view, pixels=view.pixels + noise * rng.normal(size=view.pixels.shape)) for view in seen)


def _with(views, which, changed):
    return tuple(changed if k == which else view for k, view in enumerate(views))


def _swapped(view, frames, members=EVERYTHING):
    take = np.where(members, MIRROR, np.arange(len(NAMES)))
    pixels, weight, points = view.pixels.copy(), view.weight.copy(), view.points_3d.copy()
    for array in (pixels, weight, points):
        array[frames] = array[frames][:, take]
    return replace(view, pixels=pixels, weight=weight, points_3d=points)


def _moved(view, frames, pixels):
    there = view.pixels.copy()
    there[frames] = pixels
    return replace(view, pixels=there)


def _marked(frames):
    marked = np.zeros(FRAMES, dtype=bool)
    marked[frames] = True
    return marked


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("noise", [0.0, 3.0, 10.0])
def test_views_that_agree_are_left_as_they_are(count, noise):
    views = _views(count, noise)
    result = agreed(views)
    assert all(one is other for one, other in zip(result.views, views, strict=True))
    assert not result.exchanged.any() and not result.left_out.any()
    assert result.remarks([f"cam{k}.mp4" for k in range(count)]) == ()


@settings(max_examples=10, deadline=None)
@given(
    count=st.integers(2, 4),
    which=st.integers(0, 3),
    first=st.integers(0, 45),
    length=st.integers(3, 15),
    members=st.sampled_from([EVERYTHING, EVERYTHING, LEGS, ARMS]),
)
def test_exchanged_sides_are_put_back_in_the_view_that_exchanged_them(count, which, first, length, members):
    views, which = _views(count), which % count
    frames = slice(first, first + length)
    result = agreed(_with(views, which, _swapped(views[which], frames, members)))
    # A limb that passes the other is seen at the same place either way.
    same = np.linalg.norm(views[which].pixels - result.views[which].pixels, axis=-1) < 60
    assert same[:, members].mean() > (0.99 if members is EVERYTHING else 0.97)
    others = np.delete(result.exchanged, which, axis=0)
    assert not others.any() and not result.left_out.any()
    assert not (result.exchanged[which] & ~_marked(frames)).any()


def test_with_the_pixels_weights_and_guesses_change_places():
    views = _views(3)
    rng = np.random.default_rng(0)
    uneven = replace(views[1], weight=views[1].weight * rng.uniform(0.5, 1.0, views[1].weight.shape))
    back = agreed(_with(views, 1, _swapped(uneven, slice(20, 35)))).views[1]
    for name in ("pixels", "weight", "points_3d"):
        assert np.array_equal(getattr(back, name), getattr(uneven, name))


@settings(max_examples=6, deadline=None)
@given(count=st.integers(2, 4), which=st.integers(0, 3), first=st.integers(0, 45), kind=st.sampled_from("abcd"))
def test_a_view_that_looks_elsewhere_is_left_out_for_as_long(count, which, first, kind):
    views, which = _views(count), which % count
    frames, rng = slice(first, first + 15), np.random.default_rng(first)
    own = views[which].pixels
    elsewhere = {
        "a": own[frames] + np.array([150.0, 20.0]),  # somebody beside, who does the same
        "b": rng.uniform((0, 0), (1280, 720), (15, 33, 2)),  # nobody
        "c": own[FRAMES - 1 - first - np.arange(15)] + np.array([0.0, 80.0]),  # the same person at another time, lower
        "d": 0.4 * own[frames] + np.array([500.0, 300.0]),  # somebody far behind
    }[kind]
    result = agreed(_with(views, which, _moved(views[which], frames, elsewhere)))
    assert np.array_equal(result.left_out[which], _marked(frames))
    assert not np.delete(result.left_out, which, axis=0).any() and not result.exchanged.any()
    assert not result.views[which].weight[frames].any() and not result.views[which].seen[frames].any()
    assert np.array_equal(result.views[which].weight[~_marked(frames)], views[which].weight[~_marked(frames)])


def test_two_views_that_are_mistaken_one_after_the_other_and_at_once():
    views = _views(4)
    wrong = _with(views, 0, _swapped(views[0], slice(35, 50)))
    wrong = _with(wrong, 2, _moved(views[2], slice(42, 60), views[2].pixels[42:60] + 200.0))
    result = agreed(wrong)
    assert np.array_equal(result.exchanged[0], _marked(slice(35, 50)))
    assert np.array_equal(result.left_out[2], _marked(slice(42, 60)))
    assert result.exchanged.sum() == 15 and result.left_out.sum() == 18


def test_frames_that_one_view_sees_are_not_judged():
    first, second = _views(2)
    gone = replace(
        second,
        pixels=np.where(_marked(slice(10, 40))[:, None, None], np.nan, second.pixels),
        weight=np.where(_marked(slice(10, 40))[:, None], 0.0, second.weight),
        seen=~_marked(slice(10, 40)),
    )
    result = agreed((_moved(first, slice(15, 25), first.pixels[15:25] + 100.0), gone))
    assert not result.left_out.any() and not result.exchanged.any()


def test_cameras_that_stand_a_little_elsewhere_do_not_count_as_mistaken():
    views = _views(3)
    turn = Rotation.from_euler("xyz", [0.8, -1.0, 0.5], degrees=True).as_matrix()
    askew = _with(views, 1, replace(views[1], camera=views[1].camera.in_world(turn, np.array([0.02, -0.03, 0.02]))))
    assert not agreed(askew).left_out.any()
    result = agreed(_with(askew, 1, _swapped(askew[1], slice(20, 35))))
    assert np.array_equal(result.exchanged[1], _marked(slice(20, 35)))


def _askew(view, degrees):
    """A view by a camera that was turned since it was calibrated."""
    turn, eye = Rotation.from_rotvec(np.deg2rad([0.0, 0.6 * degrees, 0.8 * degrees])).as_matrix(), view.camera.eye[0]
    return replace(view, camera=view.camera.in_world(turn, eye - turn @ eye))


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("which", [0, 2])
def test_a_view_that_never_meets_the_others_is_left_out(count, which):
    views, names = _views(count), ["a.mp4", "b.mp4", "c.mp4", "d.mp4"][:count]
    result, remarks = settled(_with(views, which, _askew(views[which], 8)), names)
    assert not result.views[which].seen.any() and not result.views[which].weight.any()
    others = [k for k in range(count) if k != which]
    assert all(result.views[k] is views[k] for k in others)  # nothing that it made of them stays
    assert len(remarks) == 1 and remarks[0].startswith(f"{names[which]} does not meet what the other views see")


def test_a_view_that_meets_the_others_badly_is_named_and_kept():
    views = _views(4)
    wrong = _with(views, 1, _askew(views[1], 1.6))
    odd = outsider(wrong)
    assert odd is not None and odd.view == 1 and not odd.sure and odd.rest < 0.5 * odd.misfit
    result, (remark,) = settled(wrong, ["a.mp4", "b.mp4", "c.mp4", "d.mp4"])
    assert result.views[1].seen.all() and "most likely for b.mp4" in remark and "reconstruct without it" in remark


def test_of_two_views_that_do_not_meet_none_is_blamed():
    views = _views(2)
    result, remarks = settled(_with(views, 1, _askew(views[1], 8)), ["a.mp4", "b.mp4"])
    assert "what a.mp4 and b.mp4 show of the person does not meet" in remarks[0]
    assert all(view.seen.any() for view in result.views)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_views_that_meet_fairly_are_not_doubted(count):
    assert outsider(_views(count, 8.0)) is None
    views = _views(count)
    assert outsider(_with(views, 1, _askew(views[1], 0.9))) is None


def test_the_user_is_told_in_which_video_and_when():
    views = _views(3)
    wrong = _with(views, 1, _swapped(views[1], slice(15, 30)))
    wrong = _with(wrong, 2, _moved(views[2], slice(45, 60), views[2].pixels[45:60] + 200.0))
    exchanged, left_out = agreed(wrong).remarks(["a.mp4", "b.mp4", "c.mp4"])
    assert "b.mp4" in exchanged and "15 of 60 frames of b.mp4, within 0.50 to 1.00 s, as" in exchanged
    assert "c.mp4" in left_out and "in 15 of 60 frames, within 1.50 to 2.00 s, does not" in left_out
