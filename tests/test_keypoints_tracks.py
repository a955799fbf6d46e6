"""Following one person, undoing flips and doubting jumps, on synthetic detections."""

from __future__ import annotations

import numpy as np
import pytest

from motionrecon.core.landmarks import INDEX, MIRROR, NAMES
from motionrecon.errors import InputError
from motionrecon.keypoints.choice import Choice
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.file import keypoints_of
from motionrecon.keypoints.flips import undo_flips
from motionrecon.keypoints.outliers import doubt_jumps
from motionrecon.keypoints.person import crowd_warning, mended
from motionrecon.keypoints.tracks import distinct, everybody, follow, link

#: Half widths (left is +) and heights above the floor of a standing person 1.7 tall.
_PLACES = {
    "shoulder": (0.2, 1.4),
    "elbow": (0.28, 1.15),
    "wrist": (0.32, 0.9),
    "hip": (0.12, 0.9),
    "knee": (0.12, 0.5),
    "ankle": (0.12, 0.08),
    "heel": (0.12, 0.03),
    "foot_index": (0.14, 0.0),
}


def walker(count: int, fps: float, turn: np.ndarray | float = 0.0, noise: float = 2.0, scale: float = 400.0):
    """Pixels (count, 33, 2) of somebody who steps on the spot, turned about the vertical by ``turn`` (radians)."""
    time = np.arange(count) / fps
    turn = np.broadcast_to(turn, (count,))
    pixels = np.zeros((count, len(NAMES), 2))
    for i, name in enumerate(NAMES):
        joint = name.split("_", 1)[1] if name.startswith(("left", "right")) else name
        side = 1.0 if "left" in name else -1.0 if "right" in name else 0.0
        width, height = _PLACES.get(joint, (0.05, 1.6))
        swing = {"knee": 0.12, "ankle": 0.25, "heel": 0.25, "foot_index": 0.28, "wrist": -0.2, "elbow": -0.1}
        forward = side * swing.get(joint, 0.0) * np.sin(2 * np.pi * time)
        x = side * width * np.cos(turn) + forward * np.sin(turn)
        pixels[:, i] = np.stack([500 + scale * x, 900 - scale * np.full(count, height)], axis=-1)
    rng = np.random.default_rng(0)
    return pixels + rng.normal(0, noise, pixels.shape)


def keypoints(pixels: np.ndarray, fps: float = 30.0):
    return keypoints_of(
        pixels, np.ones(pixels.shape[:2]), np.concatenate([pixels, pixels[..., :1]], -1) / 400, fps, (1000, 1000)
    )


def detection(pixels: np.ndarray, confidence: float = 1.0) -> Detection:
    return Detection(pixels, np.full(len(NAMES), confidence), np.zeros((len(NAMES), 3)))


LEGS = np.array([name.endswith(("knee", "ankle", "heel", "foot_index")) for name in NAMES])


@pytest.mark.parametrize("view", [0.0, 0.5], ids=["front", "slanted"])
@pytest.mark.parametrize("where", [[7], [20, 21, 22], [*range(40, 60)], [5, 7, 9, 10]], ids=str)
def test_flips_of_the_whole_body_are_undone(view: float, where: list[int]) -> None:
    truth = walker(90, 30.0, view)
    flipped = truth.copy()
    flipped[where] = flipped[where][:, MIRROR]
    result, changed = undo_flips(keypoints(flipped))
    assert np.flatnonzero(changed).tolist() == where
    np.testing.assert_array_equal(result.pixels, truth)
    np.testing.assert_allclose(result.points_3d[..., :2] * 400, truth)  # the detector's 3D goes along


def test_flips_of_the_legs_alone_are_undone() -> None:
    truth = walker(90, 30.0)
    flipped = truth.copy()
    flipped[30:36, LEGS] = flipped[30:36][:, MIRROR][:, LEGS]
    result, changed = undo_flips(keypoints(flipped))
    assert np.flatnonzero(changed).tolist() == list(range(30, 36))
    np.testing.assert_array_equal(result.pixels, truth)


def test_a_flip_survives_garbled_frames_beside_it() -> None:
    truth = walker(90, 60.0)
    flipped = truth.copy()
    flipped[40:60] = flipped[40:60][:, MIRROR]
    for edge in (40, 60):  # the limbs collapse onto each other while the detector changes its mind
        flipped[edge] = (flipped[edge] + flipped[edge][MIRROR]) / 2
    changed = undo_flips(keypoints(flipped, 60.0))[1]
    assert changed[41:60].all() and not changed[:39].any() and not changed[62:].any()


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_a_true_turn_is_left_alone(seconds: float, fps: float) -> None:
    time = np.arange(int(3 * fps)) / fps
    turn = np.pi * np.clip((time - 0.5) / seconds, 0, 1)
    pixels = walker(len(time), fps, turn)
    result, changed = undo_flips(keypoints(pixels, fps))
    assert not changed.any()
    np.testing.assert_array_equal(result.pixels, pixels)


@pytest.mark.parametrize("fps", [5.0, 15.0, 30.0, 60.0, 240.0])
def test_legs_that_cross_in_side_view_are_left_alone(fps: float) -> None:
    assert not undo_flips(keypoints(walker(int(4 * fps), fps, np.pi / 2), fps))[1].any()


def test_gaps_stay_gaps() -> None:
    pixels = walker(60, 30.0)
    pixels[20:30] = np.nan
    pixels[45] = pixels[45][MIRROR]
    result, changed = undo_flips(keypoints(pixels))
    assert np.flatnonzero(changed).tolist() == [45]
    assert np.isnan(result.pixels[20:30]).all() and not result.tracked[20:30].any()
    assert (result.confidence[20:30] == 0).all()


def test_single_frame_jumps_are_doubted_but_not_moved() -> None:
    pixels = walker(60, 30.0)
    pixels[30, INDEX["left_wrist"]] += 120
    result, doubted = doubt_jumps(keypoints(pixels))
    assert np.argwhere(doubted).tolist() == [[30, INDEX["left_wrist"]]]
    assert result.confidence[30, INDEX["left_wrist"]] == pytest.approx(0.2)
    np.testing.assert_array_equal(result.pixels, pixels)


def runner(fps: float, seconds: float = 4.0) -> tuple[np.ndarray, list[int], list[int]]:
    """Pixels of somebody who runs on the spot, in profile: a foot stands while the other one swings past.

    Returns:
        the pixels, and the landmarks of the left leg below the hip, and of the right one.
    """
    pixels = walker(round(seconds * fps), fps, np.pi / 2, noise=1.0)
    legs = [[INDEX[f"{side}_{part}"] for part in ("knee", "ankle", "heel", "foot_index")] for side in ("left", "right")]
    for k, leg in enumerate(legs):
        phase = (np.arange(len(pixels)) / fps / 0.7 + 0.5 * k) % 1.0
        stands, swing = phase < 0.5, np.clip(2 * phase - 1, 0, 1)
        ahead = np.where(stands, 0.5 - 2 * phase, -0.5 + swing**2 * (3 - 2 * swing))
        lift = np.where(stands, 0.0, np.sin(np.pi * swing))
        for share, landmark in zip((0.5, 1.0, 1.0, 1.0), leg, strict=True):
            pixels[:, landmark, 0] += share * 200 * ahead - (pixels[:, landmark, 0] - 500)
            pixels[:, landmark, 1] -= share * 30 * lift
    return pixels, legs[0], legs[1]


@pytest.mark.parametrize("fps", [5.0, 10.0, 15.0, 30.0, 120.0])
def test_legs_that_pass_one_another_are_believed(fps: float) -> None:
    pixels, left, right = runner(fps)
    assert fps < 15 or (np.linalg.norm(pixels[:, left[1]] - pixels[:, right[1]], axis=-1) < 40).any()
    _, doubted = doubt_jumps(keypoints(pixels, fps))
    assert not doubted[:, left + right].any()


@pytest.mark.parametrize(("frames", "believed"), [(1, False), (4, False), (10, True)])
def test_a_far_leg_that_is_taken_for_the_near_one_for_a_moment_is_hardly_believed(frames: int, believed: bool) -> None:
    pixels, near, far = runner(30.0)
    apart = np.linalg.norm(pixels[:, far[1]] - pixels[:, near[1]], axis=-1)
    start = next(k for k in range(20, 100) if apart[k - 1 : k + 1].min() > 120)
    taken = np.arange(start, start + frames)
    pixels[np.ix_(taken, far)] = pixels[np.ix_(taken, near)] + 3.0
    result, doubted = doubt_jumps(keypoints(pixels))
    assert doubted[np.ix_(taken, far[1:])].all() != believed
    assert not doubted[:, near].any()
    if not believed:
        assert (result.confidence[np.ix_(taken, far[1:])] < 0.05).all()
        np.testing.assert_array_equal(result.pixels, pixels)


def test_of_two_legs_only_one_is_taken_for_the_other_and_a_gap_tells_nothing() -> None:
    pixels, near, far = runner(30.0)
    apart = np.linalg.norm(pixels[:, far[1]] - pixels[:, near[1]], axis=-1)
    start = next(k for k in range(20, 100) if apart[k - 1 : k + 4].min() > 120)
    pixels[np.ix_(range(start, start + 3), far)] = pixels[np.ix_(range(start, start + 3), near)] + 3.0
    exchanged = pixels.copy()  # the far leg jumps in, and it is the near one that jumps out
    exchanged[start + 3 :, near + far] = pixels[start + 3 :, far + near]
    _, doubted = doubt_jumps(keypoints(exchanged))
    assert not (doubted[start : start + 3, near[1]] & doubted[start : start + 3, far[1]]).any()
    gap = pixels.copy()
    gap[[start - 1, start + 3]] = np.nan
    _, doubted = doubt_jumps(keypoints(gap))
    assert not doubted[start : start + 3].any()


def test_the_largest_that_stays_longest_is_followed() -> None:
    large, small = walker(90, 30.0, scale=400), walker(90, 30.0, scale=200) + np.array([700, 0])
    passing = walker(90, 30.0, scale=600) - [900, 0]  # larger, but there for a moment only
    people = [
        [detection(small[t]), detection(large[t])] + ([detection(passing[t])] if 40 <= t < 55 else [])
        for t in range(90)
    ]
    person, others = follow(people, 30.0)
    assert person.frames == list(range(90))
    np.testing.assert_array_equal(person.detections[50].pixels, large[50])
    assert len(others) == 2
    assert (
        "3 people at once; the largest one that stays longest is followed; list_people(...) shows all, and"
        in (crowd_warning(person, others, "clip.mp4", Choice())[0])
    )
    assert crowd_warning(person, others, "clip.mp4", Choice(number=2))[0].endswith(
        "number 2 that list_people(...) gives for the same start and end is followed"
    )
    assert crowd_warning(person, others, "clip.mp4", Choice(point=(7, 9)))[0].endswith("the one at 7,9 is followed")


def test_a_cut_to_the_persons_back_is_no_flip() -> None:
    pixels = walker(90, 30.0)
    behind = pixels.copy()
    behind[45:] = pixels[45:, MIRROR]  # as a camera on the other side sees them: left and right change places at once
    assert undo_flips(keypoints(behind))[1].any()
    result, changed = undo_flips(keypoints(behind), cuts=[45])
    assert not changed.any()
    np.testing.assert_array_equal(result.pixels, behind)


def turned_at_once() -> np.ndarray:
    """Somebody of whom frame 45 first shows the back: as a flip that lasts, but the detector is right."""
    pixels = walker(90, 30.0)
    pixels[45:] = pixels[45:, MIRROR]
    return pixels


def looks_at(pixels: np.ndarray) -> list[list[Detection]]:
    return [[detection(one)] for one in pixels[::8]]


def test_what_looks_speak_against_is_not_exchanged_for_long() -> None:
    pixels = turned_at_once()
    before = undo_flips(keypoints(pixels))[1]
    assert before.sum() == 45  # by what jumps alone, it is undone
    result, changed = undo_flips(keypoints(pixels), looks=looks_at(pixels), every=8)
    assert not changed.any()
    np.testing.assert_array_equal(result.pixels, pixels)
    for looks in (
        looks_at(walker(90, 30.0)),
        [[] for _ in pixels[::8]],
        looks_at(pixels + 5000),
    ):  # speak for it, or not
        np.testing.assert_array_equal(undo_flips(keypoints(pixels), looks=looks, every=8)[1], before)


def test_looks_at_legs_vote_on_legs() -> None:
    pixels = walker(90, 30.0)
    pixels[45:, LEGS] = pixels[45:][:, MIRROR][:, LEGS]
    assert undo_flips(keypoints(pixels))[1].sum() == 45
    assert not undo_flips(keypoints(pixels), looks=looks_at(pixels), every=8)[1].any()
    assert undo_flips(keypoints(pixels), looks=looks_at(walker(90, 30.0)), every=8)[1].sum() == 45


def test_what_passes_between_looks_is_undone_whatever_one_says_and_beside_what_lasts() -> None:
    truth = walker(90, 30.0)
    flipped = truth.copy()
    flipped[15:19] = flipped[15:19][:, MIRROR]
    result, changed = undo_flips(
        keypoints(flipped), looks=looks_at(flipped), every=8
    )  # frame 16's has the same mistake
    assert np.flatnonzero(changed).tolist() == [15, 16, 17, 18]
    np.testing.assert_array_equal(result.pixels, truth)
    turned = turned_at_once()
    flipped = turned.copy()
    flipped[60:63] = flipped[60:63][:, MIRROR]
    result, changed = undo_flips(keypoints(flipped), looks=looks_at(turned), every=8)
    assert np.flatnonzero(changed).tolist() == [60, 61, 62]
    np.testing.assert_array_equal(result.pixels, turned)


def test_people_who_pass_each_other_are_not_exchanged() -> None:
    time = np.arange(90)[:, None, None] / 90
    one = walker(90, 30.0) + time * [800.0, 0.0]
    other = walker(90, 30.0, scale=360) + (1 - time) * [800.0, 0.0] + [0, 60]
    person, _ = follow([[detection(b), detection(a)] for a, b in zip(one, other, strict=True)], 30.0)
    np.testing.assert_array_equal(np.array([d.pixels for d in person.detections]), one)


def test_a_track_survives_a_gap_and_the_gap_is_marked() -> None:
    pixels = walker(90, 30.0)
    people = [[] if 30 <= t < 50 else [detection(pixels[t])] for t in range(90)]
    person, others = follow(people, 30.0)
    assert not others
    result = mended(person, 90, 30.0, (1000, 1000), "clip.mp4")
    assert np.flatnonzero(~result.tracked).tolist() == list(range(30, 50))
    assert np.isnan(result.pixels[30:50]).all()
    assert any("20 of 90" in text for text in result.warnings)


def test_a_jump_to_somebody_else_ends_the_track() -> None:
    here, there = walker(90, 30.0), walker(90, 30.0) + np.array([1200, 0])
    people = [[detection(here[t] if t < 60 else there[t])] for t in range(90)]
    person, others = follow(people, 30.0, single=False)
    assert person.frames == list(range(60)) and len(others) == 1
    assert follow(people, 30.0)[0].frames == list(range(90))  # never two at once: a cut, or a looped clip


def test_one_person_seen_twice_counts_once() -> None:
    pixels = walker(2, 30.0)
    assert len(distinct([detection(pixels[0]), detection(pixels[1])])) == 1
    assert len(distinct([detection(pixels[0]), detection(pixels[1] + 500)])) == 2


def test_one_person_whose_trunk_is_in_doubt_counts_once() -> None:
    """As where the picture ends below the hips: head and arms lie on each other, the hips do not."""
    pixels = walker(1, 30.0)[0]
    other = pixels.copy()
    other[[INDEX["left_hip"], INDEX["right_hip"]]] += (0, 320)
    other[LEGS] += (0, 320)
    assert len(distinct([detection(pixels), detection(other)])) == 1
    assert len(distinct([detection(pixels), detection(other[MIRROR])])) == 1
    assert len(distinct([detection(pixels), detection(other + np.array([200, 0]))])) == 2


def test_who_is_found_now_large_now_small_is_one_person() -> None:
    small, large = walker(40, 4.0, scale=200), walker(40, 4.0, scale=440)
    passing = walker(40, 4.0) + np.array([2000, 0])
    people = [
        [detection((large if 8 <= t < 20 and t % 3 == 1 else small)[t])] + ([detection(passing[t])] if t < 20 else [])
        for t in range(40)
    ]
    assert len(link(people, 4.0)) > 2
    assert [len(track.frames) for track in everybody(people, 4.0)] == [40, 20]
    at_once = [[*row, detection(large[t] + np.array([900, 0]))] if 8 <= t < 16 else row for t, row in enumerate(people)]
    assert sorted(len(track.frames) for track in everybody(at_once, 4.0)) == [8, 20, 40]


def test_a_glimpse_of_somebody_far_from_all_others_is_nobody() -> None:
    pixels = walker(60, 5.0)
    people = [[detection(pixels[t])] if t == 3 or t >= 30 else [] for t in range(60)]
    person, others = follow(people, 5.0)
    assert person.frames == list(range(30, 60)) and not others
    seldom = [[detection(pixels[t])] if t % 10 == 3 else [] for t in range(60)]
    assert follow(seldom, 5.0)[0].frames == [3, 13, 23, 33, 43, 53]  # that is all there is of them
    ghosts = [
        [detection(pixels[t])] + ([detection(pixels[t] + np.array([1500, 0]))] if t in (10, 16) else [])
        for t in range(60)
    ]
    assert len(everybody(ghosts, 5.0)) == 1


def test_nobody_is_an_error() -> None:
    person, _ = follow([[] for _ in range(10)], 30.0)
    with pytest.raises(InputError, match=r"no person was found in clip\.mp4"):
        mended(person, 10, 30.0, (1000, 1000), "clip.mp4")
