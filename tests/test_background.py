"""How a camera moves is told from its background; people, noise and plain walls are not taken for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms import pan, shot

from motionrecon.background.motion import (
    ASSUMED,
    REFRAMED,
    STATIC,
    TURNS,
    UNKNOWN,
    ZOOMS,
    CameraMotion,
    camera_motion,
)
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.background.turning import fit_turning
from motionrecon.background.watch import BackgroundWatch
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.core import so3

SIZE, FOCAL, FPS, FRAMES = (400, 224), 310.0, 15.0, 30
EYE = np.array([0.0, -2.0, 1.4])

#: A camera at a time in seconds: its turn, focal length in pixels, and place.
View = Callable[[float], tuple[np.ndarray, float, np.ndarray]]


def still(t: float) -> tuple[np.ndarray, float, np.ndarray]:
    return pan(3.0), FOCAL, EYE


def following(t: float) -> tuple[np.ndarray, float, np.ndarray]:
    return pan(14 * t, 4 * np.sin(2 * t), 3 * t), FOCAL, EYE


def zooming(t: float) -> tuple[np.ndarray, float, np.ndarray]:
    return pan(-6 * t), FOCAL * (1 + 0.25 * t), EYE


def in_the_hand(t: float) -> tuple[np.ndarray, float, np.ndarray]:
    sway = 0.01 * np.array([np.sin(7 * t), np.sin(5 * t), np.sin(9 * t)])
    return pan(1.5 * np.sin(8 * t), np.sin(6 * t), np.sin(5 * t)), FOCAL, EYE + sway


def carried(t: float) -> tuple[np.ndarray, float, np.ndarray]:
    return pan(0.0), FOCAL, EYE + np.array([0.6 * t, 0.0, 0.0])


def walking(t: float) -> tuple[np.ndarray, float, np.ndarray]:
    return pan(np.sin(8 * t), np.sin(6 * t)), FOCAL, EYE + np.array([0.2 * t, 0.9 * t, 0.02 * np.sin(8 * t)])


@cache
def followed(view: View, person: bool = True) -> BackgroundTracks:
    """What is followed in a noisy film in which a large person walks across the picture."""
    watch, rng = BackgroundWatch(FPS), np.random.default_rng(2)
    for k in range(FRAMES):
        picture, boxes = shot(view(k / FPS)[0], view(k / FPS)[1], SIZE, view(k / FPS)[2]), []
        if person:
            x = 40 + 7 * k
            picture[40:200, x : x + 80] = np.random.default_rng(3).integers(0, 255, (160, 80, 1))
            boxes.append(np.array([x, 40.0, x + 80.0, 200.0]))
        noisy = np.clip(picture + rng.normal(0, 5, picture.shape), 0, 255).astype(np.uint8)
        watch.add(k, noisy, boxes)
    return watch.tracks()


def judged(
    tracks: BackgroundTracks, focal: float = FOCAL, lens_known: bool = True, frames: int = FRAMES
) -> CameraMotion:
    return camera_motion(tracks, default_camera(SIZE, focal_px=focal), np.ones(frames, bool), lens_known)


def shown(pictures: list[np.ndarray]) -> BackgroundTracks:
    """What is followed in pictures without anybody."""
    watch = BackgroundWatch(FPS)
    for k, picture in enumerate(pictures):
        watch.add(k, picture, [])
    return watch.tracks()


def window(shift: np.ndarray, zoom: np.ndarray) -> list[np.ndarray]:
    """A window of the usual size that is moved by pixels over what a standing camera filmed in wider pictures."""
    whole, (width, height) = shot(pan(3.0), FOCAL, (640, 360), EYE), SIZE
    rng, pictures = np.random.default_rng(4), []
    for (x, y), z in zip(shift, zoom, strict=True):
        matrix = np.array([[z, 0, width / 2 - z * (320 + x)], [0, z, height / 2 - z * (180 + y)]])
        picture = cv2.warpAffine(whole, matrix, SIZE, flags=cv2.INTER_LINEAR)
        pictures.append(np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8))
    return pictures


def off(motion: CameraMotion, view: View) -> tuple[float, float]:
    """Degrees that the turns are wrong by, at most, and the share that the zoom is."""
    assert isinstance(motion.camera, PanTiltZoom)
    true = [view(k / FPS) for k in range(FRAMES)]
    turns = np.array([turn @ true[0][0].T for turn, _, _ in true])
    away = so3.log(so3.from_matrix(motion.camera.turns @ turns.transpose(0, 2, 1)))
    zoom = np.array([focal / true[0][1] for _, focal, _ in true])
    return float(np.degrees(np.linalg.norm(away, axis=1).max())), float(np.abs(motion.camera.zoom / zoom - 1).max())


def test_a_camera_that_stands_is_static_whoever_walks_before_it() -> None:
    tracks = followed(still)
    assert judged(tracks).kind == STATIC and judged(tracks).why == ""
    assert len(tracks) < FRAMES / 2, "only looks are followed"


@pytest.mark.parametrize(
    ("view", "kind"), [(following, TURNS), (zooming, ZOOMS), (in_the_hand, TURNS)], ids=["pan", "zoom", "hand"]
)
def test_turns_and_zooms_are_found(view: View, kind: str) -> None:
    motion = judged(followed(view))
    assert motion.kind == kind and motion.why == ""
    turn, zoom = off(motion, view)
    assert turn < 0.35 and zoom < 0.01


@pytest.mark.parametrize("wrong", [0.8, 1.2])
def test_a_pan_tells_the_focal_length(wrong: float) -> None:
    motion = judged(followed(following), FOCAL * wrong, lens_known=False)
    assert motion.lens_found and isinstance(motion.camera, PanTiltZoom)
    assert motion.camera.start.K[0, 0] == pytest.approx(FOCAL, rel=0.04)
    assert off(motion, following)[0] < 0.7
    given = judged(followed(following), FOCAL * wrong)
    assert isinstance(given.camera, PanTiltZoom) and given.camera.start.K[0, 0] == FOCAL * wrong, "a given one stays"


@pytest.mark.parametrize("view", [carried, walking])
@pytest.mark.parametrize("lens_known", [True, False])
def test_a_camera_that_is_carried_is_not_taken_for_one_that_turns(view: View, lens_known: bool) -> None:
    motion = judged(followed(view), lens_known=lens_known)
    assert motion.kind == UNKNOWN and "the camera moves" in motion.why and motion.turned == 0.0


def test_a_part_of_a_clip_begins_unturned() -> None:
    tracks = followed(following)
    part = judged(BackgroundTracks(**vars(tracks) | {"first": 10}), frames=15)
    whole = judged(tracks)
    assert isinstance(part.camera, PanTiltZoom) and isinstance(whole.camera, PanTiltZoom) and len(part.camera) == 15
    turns = whole.camera.turns[10:25] @ whole.camera.turns[10].T
    np.testing.assert_allclose(part.camera.turns, turns, atol=1e-9)


def test_what_a_camera_did_before_the_part_that_is_used_does_not_count() -> None:
    def set_down(t: float) -> tuple[np.ndarray, float, np.ndarray]:
        return pan(0.0), FOCAL, np.array([-1.0 + 2 * min(t, 0.8), -2.0, 1.4])

    tracks = followed(set_down)
    assert judged(tracks).kind == UNKNOWN
    stands = BackgroundTracks(**vars(tracks) | {"first": 14})
    assert judged(stands, frames=FRAMES - 14).kind == STATIC


def test_a_part_that_ends_before_the_film_does_needs_nothing_of_what_follows() -> None:
    tracks = followed(following)
    some = judged(tracks, FOCAL * 1.2, lens_known=False, frames=12)  # links go on for 18 frames more
    assert some.kind == TURNS and isinstance(some.camera, PanTiltZoom) and len(some.camera) == 12


COURSES = {
    "pan": (lambda t: (90 * t - 90, 0 * t), lambda t: 1 + 0 * t),
    "small pan": (lambda t: (12 * t, 4 * t), lambda t: 1 + 0 * t),
    "pan and zoom": (lambda t: (40 * t - 60, 10 * t), lambda t: 1 + 0.15 * t),
    "stabilised": (lambda t: (5 * np.sin(9 * t), 4 * np.sin(14 * t)), lambda t: 1 + 0.008 * np.sin(11 * t)),
}


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize("lens_known", [True, False])
@pytest.mark.parametrize("frames", [FRAMES, 20])
def test_a_window_that_is_moved_over_a_standing_cameras_picture_is_no_turn(
    name: str, lens_known: bool, frames: int
) -> None:
    t = np.arange(FRAMES) / FPS
    shift, zoom = np.stack(COURSES[name][0](t), axis=1), COURSES[name][1](t)
    motion = judged(shown(window(shift, zoom)), lens_known=lens_known, frames=frames)
    assert motion.kind == REFRAMED and motion.why == "" and not motion.lens_found
    assert isinstance(motion.camera, PanTiltZoom) and motion.camera.start.K[0, 0] == FOCAL
    # What the middle of the first picture shows is where the window's course puts it.
    ratio = zoom[:frames] / zoom[0]
    expected = -zoom[:frames, None] * (shift[:frames] - shift[0])
    middle = np.tile([(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2], (frames, 1, 1))
    rays = motion.camera.start.rays(middle)
    ahead = motion.camera.start.to_world(np.concatenate([rays, np.ones((frames, 1, 1))], axis=2))
    np.testing.assert_allclose((motion.camera.project(ahead) - middle)[:, 0], expected, atol=1.0)
    np.testing.assert_allclose(motion.camera.zoom, ratio, rtol=0.005)


def test_a_part_of_a_moved_window_begins_where_it_is_also_in_a_picture_that_was_not_followed() -> None:
    t, first = np.arange(FRAMES) / FPS, 10
    tracks = shown(window(np.stack([90 * t - 90, 0 * t], axis=1), np.ones(FRAMES)))
    some = tracks.some(tracks.frame != first)  # of quick films every other picture is passed over
    motion = judged(BackgroundTracks(**vars(some) | {"first": first}), frames=FRAMES - first)
    assert motion.kind == REFRAMED and isinstance(motion.camera, PanTiltZoom) and motion.camera.shift is not None
    np.testing.assert_allclose(motion.camera.shift[:, 0], -90 * (t[first:] - t[first]), atol=1.0)


@pytest.mark.parametrize("view", [following, in_the_hand, carried, walking])
def test_a_camera_that_turns_or_is_carried_is_no_moved_window(view: View) -> None:
    for lens_known in (True, False):
        assert judged(followed(view), lens_known=lens_known).kind in (TURNS, UNKNOWN)


def test_cuts_are_noticed_where_they_are() -> None:
    angles = [0.0] * 31 + [120.0] * 19 + [0.0] * 15 + [240.0] * 5 + [0.0] * 20
    tracks = shown([shot(pan(angle), FOCAL, SIZE) for angle in angles])
    assert tracks.cuts.tolist() == [31, 50, 65, 70]
    assert tracks.scenes[[1, 3]].tolist() == [0, 0], "the first is known again"
    scenes = tracks.scene_of(np.arange(len(angles)))
    assert len(set(scenes.tolist())) == 3 and (scenes == 0).sum() == 66
    tracks.check(len(angles))
    stands = camera_motion(tracks.of_scene(0), default_camera(SIZE), scenes == 0, True)
    assert stands.kind == STATIC
    with pytest.raises(ValueError, match="cuts that make no sense"):
        BackgroundTracks(**vars(tracks) | {"cuts": tracks.cuts[::-1]}).check(len(angles))


def test_a_cut_over_a_long_black_is_noticed_where_it_is_black() -> None:
    black = np.zeros((*SIZE[::-1], 3), np.uint8)
    pictures = [shot(pan(0.0), FOCAL, SIZE)] * 20 + [black] * 90 + [shot(pan(120.0), FOCAL, SIZE)] * 40
    tracks = shown(pictures)
    assert tracks.cuts.tolist() == [20] and tracks.frame.max() == 149
    assert tracks.scene_of(np.array([19, 20, 120])).tolist() == [0, 1, 1]


def test_a_cut_near_the_end_is_noticed_and_what_moves_after_a_cut_is_followed() -> None:
    pictures = [shot(pan(0.0), FOCAL, SIZE)] * 20 + [shot(pan(100.0 + k), FOCAL, SIZE) for k in range(9)]
    tracks = shown(pictures)
    assert tracks.cuts.tolist() == [20]
    later = np.arange(len(pictures)) >= 20
    motion = camera_motion(tracks.of_scene(1), default_camera(SIZE, focal_px=FOCAL), later, True)
    assert motion.kind == TURNS and motion.turned == pytest.approx(8.0, abs=0.4)


def test_who_comes_before_the_background_is_no_cut() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(2 * FRAMES):
        boxes = [np.array([0.0, 0.0, 300.0, 224.0])] if k > 15 else []
        watch.add(k, shot(pan(2.0 * k / FPS), FOCAL, SIZE), boxes)
    tracks = watch.tracks()
    assert len(tracks.cuts) == 0


def test_a_background_is_known_again_however_far_it_moved() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(2 * FRAMES):
        angle = 0.0 if k < 20 else 22.0  # a quarter of the picture at once, as after a blurred whip
        watch.add(k, shot(pan(angle), FOCAL, SIZE), [])
    tracks = watch.tracks()
    assert len(tracks.cuts) == 0 and judged(tracks, frames=2 * FRAMES).turned == pytest.approx(22.0, abs=0.5)


def test_a_flash_is_no_cut() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(2 * FRAMES):
        white = np.full((*SIZE[::-1], 3), 250, np.uint8)
        watch.add(k, white if 28 < k < 34 else shot(following(k / FPS)[0], FOCAL, SIZE), [])
    assert len(watch.tracks().cuts) == 0
    assert judged(watch.tracks(), frames=2 * FRAMES).kind == TURNS


def test_a_plain_wall_tells_nothing() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(FRAMES):
        watch.add(k, shot(following(k / FPS)[0], FOCAL, SIZE, plain=True)[:100], [])
    motion = judged(watch.tracks())
    assert motion.kind == ASSUMED and "too little" in motion.why


def test_a_person_who_fills_the_picture_tells_nothing() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(FRAMES):
        watch.add(k, shot(following(k / FPS)[0], FOCAL, SIZE), [np.array([10.0, 0.0, 390.0, 224.0])])
    assert judged(watch.tracks()).kind == ASSUMED


def test_nobody_looked() -> None:
    motion = camera_motion(None, default_camera(SIZE), np.ones(FRAMES, bool), True)
    assert (motion.kind, motion.why) == (ASSUMED, "")


def test_tracks_of_another_clip_are_refused() -> None:
    tracks = followed(following)
    tracks.check(FRAMES)
    with pytest.raises(ValueError, match="beyond"):
        tracks.check(FRAMES - 5)
    with pytest.raises(ValueError, match="make no sense"):
        BackgroundTracks(**vars(tracks) | {"pixel": np.nan}).check(FRAMES)


turned = st.floats(-0.25, 0.25)


@settings(max_examples=25, deadline=None)
@given(st.tuples(turned, turned, turned), st.floats(-0.3, 0.3), st.integers(0, 9))
def test_a_turning_is_found_among_corners_that_move_by_themselves(
    turn: tuple[float, ...], zoom: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rays = rng.uniform(-0.6, 0.6, (1, 60, 2))
    R = so3.matrix(np.array(turn))
    there = np.concatenate([rays[0], np.ones((60, 1))], axis=1) @ R.T
    seen = 300 * np.exp(zoom) * there[None, :, :2] / there[None, :, 2:] + rng.normal(0, 0.1, (1, 60, 2))
    seen[0, :15] += rng.uniform(5, 40, (15, 2))
    seen[0, -3:] = np.nan
    agree = np.ones((1, 60), bool)
    agree[0, :10] = False
    found = fit_turning(rays, seen, agree, np.array([300.0]))
    assert np.linalg.norm(so3.log(so3.from_matrix(found.turn[0] @ R.T))) < 2e-3
    assert found.zoom[0] == pytest.approx(zoom, abs=2e-3)
    assert (
        np.nanmedian(found.away[0, 15:-3]) < 0.3 < np.nanmin(found.away[0, :15]) and np.isnan(found.away[0, -3:]).all()
    )
