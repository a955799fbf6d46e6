"""How a camera moves is told from its background; people, noise and plain walls are not taken for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms import pan, shot

from motionrecon.background.motion import ASSUMED, STATIC, TURNS, UNKNOWN, ZOOMS, CameraMotion, camera_motion
from motionrecon.background.tracks import BackgroundTracks
from motionrecon.background.turning import fit_turning
from motionrecon.background.watch import BackgroundWatch
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.core import so3
from motionrecon.core.clock import Clock
from motionrecon.keypoints import Keypoints
from motionrecon.source import cut

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


def judged(tracks: BackgroundTracks, focal: float = FOCAL, lens_known: bool = True) -> CameraMotion:
    return camera_motion(tracks, default_camera(SIZE, focal_px=focal), FRAMES, Clock(FPS), lens_known)


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
    part = camera_motion(
        BackgroundTracks(**vars(tracks) | {"first": 10}), default_camera(SIZE, focal_px=FOCAL), 15, Clock(FPS), True
    )
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
    assert camera_motion(stands, default_camera(SIZE, focal_px=FOCAL), FRAMES - 14, Clock(FPS), True).kind == STATIC


def test_a_cut_is_noticed_and_said() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(2 * FRAMES):
        watch.add(k, shot(pan(0.0 if k < 31 else 120.0), FOCAL, SIZE), [])
    motion = camera_motion(watch.tracks(), default_camera(SIZE), 2 * FRAMES, Clock(FPS), True)
    assert motion.kind == UNKNOWN and "a cut" in motion.why and "from 2.0" in motion.why
    later = Clock(FPS, first=round(10 * FPS))  # with start=10, too, it is said in the player's time
    assert "from 12.0" in camera_motion(watch.tracks(), default_camera(SIZE), 2 * FRAMES, later, True).why
    count = 2 * FRAMES
    nowhere, unsure = np.full((count, 33, 3), np.nan), np.zeros((count, 33))
    seen = Keypoints(nowhere[..., :2], unsure, nowhere, unsure[:, 0] > 0, FPS, SIZE, background=watch.tracks())
    assert cut(seen, range(10, count)).background is not None
    assert cut(seen, range(watch.tracks().cut, count)).background is None, "of what comes after it nobody knows"


def test_a_flash_is_no_cut() -> None:
    watch = BackgroundWatch(FPS)
    for k in range(2 * FRAMES):
        white = np.full((*SIZE[::-1], 3), 250, np.uint8)
        watch.add(k, white if 28 < k < 34 else shot(following(k / FPS)[0], FOCAL, SIZE), [])
    motion = camera_motion(watch.tracks(), default_camera(SIZE, focal_px=FOCAL), 2 * FRAMES, Clock(FPS), True)
    assert motion.kind == TURNS


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
    motion = camera_motion(None, default_camera(SIZE), FRAMES, Clock(FPS), True)
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
