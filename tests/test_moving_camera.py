"""A camera that pans and zooms, from its background to the result; and one of which nobody can tell how it moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import people
import pytest
from clips import write_clip
from rooms import pan, shot

from motionrecon.background.watch import BackgroundWatch
from motionrecon.cameras.default import default_camera
from motionrecon.cameras.pan_tilt_zoom import PanTiltZoom
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.cli.summary import summary
from motionrecon.core import so3
from motionrecon.core.progress import Silent
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints, load_keypoints
from motionrecon.keypoints.file import save
from motionrecon.pipeline import reconstruct
from motionrecon.render import render_still
from motionrecon.result.motion import Motion
from motionrecon.viewer.filming import filming, frame_of
from motionrecon.views import View

SIZE, FOCAL, FRAMES, FPS = (480, 270), 420.0, 26, 13.0


def camera() -> PanTiltZoom:
    """One that follows who walks by, and zooms in."""
    t = np.linspace(0, 1, FRAMES)
    turns = np.stack([pan(-14 + 28 * a, 2 * np.sin(6 * a)) for a in t])
    start = default_camera(SIZE, focal_px=FOCAL).in_world(np.eye(3), np.array([0.0, -4.5, 1.2]))
    return PanTiltZoom(replace(start, calibrated=True), turns, 1.0 + 0.2 * t)


def filmed(path: Path, view: Callable[[int], tuple[np.ndarray, float, np.ndarray]]) -> Path:
    """A file of keypoints of somebody who walks to the right, in a film of a room."""
    person = people.person()
    qpos = people.stepping(person, FRAMES)
    qpos[:, 0] += np.linspace(-1.0, 1.0, FRAMES) - qpos[:, 0]
    seen = people.see(person, qpos, camera(), fps=FPS, noise=0.3)
    watch = BackgroundWatch(FPS)
    for k in range(FRAMES):
        turn, focal, eye = view(k)
        low, high = seen.pixels[k].min(0), seen.pixels[k].max(0)
        watch.add(k, shot(turn, focal, SIZE, eye), [np.array([*low, *high])])
    tracked = np.ones(FRAMES, bool)
    keypoints = Keypoints(seen.pixels, seen.confidence, seen.points_3d, tracked, FPS, SIZE, background=watch.tracks())
    save(keypoints, path)
    return path


def turning(k: int) -> tuple[np.ndarray, float, np.ndarray]:
    true = camera()
    return true.turns[k], FOCAL * true.zoom[k], np.array([0.0, -4.5, 1.2])


def carried(k: int) -> tuple[np.ndarray, float, np.ndarray]:
    return np.eye(3), FOCAL, np.array([-1.0 + 2 * k / FRAMES, -3.0, 1.2])


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Motion]:
    folder = tmp_path_factory.mktemp("pan")
    path = filmed(folder / "seen.npz", turning)
    given = {"keypoints": path, "focal_px": FOCAL, "height": people.person().height}
    return path, reconstruct(**given, output=folder / "out", physics=False, first_poses="relaxed", body="capsules")


def test_the_keypoints_file_carries_the_background(followed: tuple[Path, Motion]) -> None:
    again = load_keypoints(followed[0]).background
    assert again is not None and len(again) > FRAMES / 2


def test_the_walker_walks(followed: tuple[Path, Motion]) -> None:
    motion, true = followed[1], camera()
    assert isinstance(motion.camera, PanTiltZoom)
    relative = true.turns @ true.turns[0].T
    np.testing.assert_allclose(motion.camera.turns, relative, atol=0.01)
    np.testing.assert_allclose(motion.camera.zoom, true.zoom / true.zoom[0], rtol=0.02)
    hips = [motion.joint_names.index(f"{side}_hip") for side in ("left", "right")]
    middle = motion.joints[:, hips, :2].mean(1)
    assert np.linalg.norm(middle[-1] - middle[0]) == pytest.approx(2.0, rel=0.1)
    found = motion.report.camera
    assert found is not None and found.motion == "turns and zooms" and found.zoomed == pytest.approx(1.2, abs=0.02)
    assert "turns by up to" in summary(motion, Path("out"), 1.0)


def test_the_camera_of_each_frame_is_kept(followed: tuple[Path, Motion]) -> None:
    motion = followed[1]
    again = Motion.load(followed[0].parent / "out").camera
    assert isinstance(again, PanTiltZoom) and isinstance(motion.camera, PanTiltZoom)
    np.testing.assert_array_equal(again.turns, motion.camera.turns)
    np.testing.assert_array_equal(again.zoom, motion.camera.zoom)


def test_the_skeleton_lies_over_the_person_in_every_frame(followed: tuple[Path, Motion]) -> None:
    motion, true = followed[1], camera()
    for t in (0, FRAMES - 1):
        black = np.zeros((*SIZE[::-1], 3), np.uint8)
        drawn = render_still(motion, t, black)
        video = drawn[:, : drawn.shape[1] // 2]
        _, x = np.nonzero((video.max(-1) > 120) & (np.arange(len(video)) > 0.2 * len(video))[:, None])
        expected = motion.camera.at(slice(t, t + 1)).project(motion.joints[t : t + 1])[0].mean(0)
        scale = video.shape[0] / SIZE[1]
        assert abs(x.mean() / scale - expected[0]) < 0.06 * SIZE[0]
    seen = filming(motion.camera, "", "")
    assert seen.frame.shape == (FRAMES, 2, 2) and seen.axes.shape == (FRAMES, 3, 3)
    wide = frame_of(motion.camera)
    ratio = np.ptp(wide[0, :, 0]) / np.ptp(wide[-1, :, 0])
    assert ratio == pytest.approx(true.zoom[-1] / true.zoom[0], rel=0.02)


def test_nothing_is_simulated_where_nobody_can_tell(tmp_path: Path) -> None:
    path = filmed(tmp_path / "seen.npz", carried)
    given = {"keypoints": path, "focal_px": FOCAL, "height": 1.7, "first_poses": "relaxed", "body": "capsules"}
    motion = reconstruct(**given, output=tmp_path / "out")
    assert not motion.simulated.any() and len(motion.ctrl) == 0 and motion.report.camera_unknown
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["camera"]["motion"] == "unknown" and "not simulated" in " ".join(report["warnings"])
    assert "nothing is simulated" in summary(motion, Path("out"), 1.0)
    assert motion.report.verdict is not None and motion.report.verdict.word == "poor"
    plain = replace(motion, report=replace(motion.report, camera=replace(motion.report.camera, motion="static")))
    said, unsaid = (render_still(each, 5).astype(int).copy() for each in (motion, plain))
    assert np.abs(said - unsaid)[:80, :400].max() > 50, "the overlay says so"


class Told(Silent):
    """Keeps what the user is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def warn(self, text: str) -> None:
        self.told.append(text)


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[tuple[View, ...]]:
    """What the fit is given of each reconstruction, which ends there by a KeyboardInterrupt."""
    given: list[tuple[View, ...]] = []

    def stop(run: object, source: object, seen: tuple[View, ...], options: object) -> None:
        given.append(seen)
        raise KeyboardInterrupt

    monkeypatch.setattr("motionrecon.kinematics.stage.fit_kinematics", stop)
    return given


def test_a_film_beside_given_keypoints_is_looked_at(tmp_path: Path, views: list[tuple[View, ...]]) -> None:
    path = filmed(tmp_path / "seen.npz", turning)
    save(replace(load_keypoints(path), background=None), path)
    film = write_clip(tmp_path / "film.mp4", [shot(*turning(k)[:2], SIZE, turning(k)[2]) for k in range(FRAMES)], FPS)
    for output in ("once", "once"):  # the second time from its checkpoint
        with pytest.raises(KeyboardInterrupt):
            reconstruct(film, keypoints=path, focal_px=FOCAL, output=tmp_path / output)
    for ((view,),) in ([seen] for seen in views):
        assert view.camera_motion == "turns and zooms"
        np.testing.assert_allclose(view.camera.turns, camera().turns @ camera().turns[0].T, atol=0.01)


def seen_across_a_cut(path: Path) -> Path:
    """A file of keypoints of a film that is cut after 18 of 26 frames."""
    save(
        load_keypoints(filmed(path, lambda k: (pan(0.0 if k < 18 else 120.0), FOCAL, np.array([0.0, -2.0, 1.4])))), path
    )
    return path


def test_of_a_film_that_is_cut_one_shot_is_reconstructed_and_that_is_said(
    tmp_path: Path, views: list[tuple[View, ...]]
) -> None:
    progress = Told()
    path = seen_across_a_cut(tmp_path / "seen.npz")
    for given in ({}, {"camera_motion": "static"}, {"start": 0.5}, {"start": 1.4}):
        with pytest.raises(KeyboardInterrupt):
            reconstruct(keypoints=path, progress=progress, **given)
    whole, static, later, after = (one[0] for one in views)
    assert whole.camera_motion == "static" and whole.seen.tolist() == [True] * 18 + [False] * 8
    assert np.isnan(whole.pixels[18:]).all() and not whole.weight[18:].any()
    assert (
        "the film is cut at 1.38 s" in progress.told[0]
        and "from 0.00 to 1.38 s of the film is reconstructed" in progress.told[0]
    )
    assert static.seen.all() and "cut at 1.38 s" in progress.told[1] and "camera_motion=static" in progress.told[1]
    assert later.seen.sum() == 18 - round(0.5 * FPS) and "cut at 1.38 s of it" in progress.told[2]
    assert after.seen.all() and not any("cut at" in text for text in progress.told[3:])


def still(k: int) -> tuple[np.ndarray, float, np.ndarray]:
    return pan(0.0), FOCAL, np.array([0.0, -2.0, 1.4])


@pytest.mark.parametrize("back", [False, True])
def test_a_cut_to_the_same_view_shows_in_the_person(back: bool, tmp_path: Path, views: list[tuple[View, ...]]) -> None:
    progress = Told()
    found = load_keypoints(filmed(tmp_path / "seen.npz", still))
    pixels = found.pixels.copy()
    pixels[:] += (pixels[:1].mean(1) - pixels.mean(1))[:, None]  # on the spot
    pixels[10 : 18 if back else None] += 150.0
    save(replace(found, pixels=pixels), tmp_path / "cut.npz")
    with pytest.raises(KeyboardInterrupt):
        reconstruct(keypoints=tmp_path / "cut.npz", progress=progress)
    view = views[0][0]
    assert view.camera_motion == "static"
    shown = [k < 10 or k >= 18 for k in range(FRAMES)] if back else [k >= 10 for k in range(FRAMES)]
    assert view.seen.tolist() == shown
    assert ("cut at 0.77, 1.38 s" if back else "cut at 0.77 s") in progress.told[0]
    said = load_keypoints(tmp_path / "seen.npz")  # who walks quickly is not elsewhere at once
    fast = said.pixels + np.linspace(-60, 60, FRAMES)[:, None, None]
    save(replace(said, pixels=fast), tmp_path / "fast.npz")
    with pytest.raises(KeyboardInterrupt):
        reconstruct(keypoints=tmp_path / "fast.npz", progress=progress)
    assert views[1][0].seen.all()


def test_a_cut_to_another_time_of_the_same_picture_shows_in_the_pose(
    tmp_path: Path, views: list[tuple[View, ...]]
) -> None:
    person = people.person()
    qpos = people.stepping(person, 108)
    turned = qpos.copy()
    turned[:, :2] = qpos[:, :2] @ np.array([[0.0, 1.0], [-1.0, 0.0]])  # a quarter to the left
    turned[:, 3:7] = so3.multiply(np.sqrt([0.5, 0.0, 0.0, 0.5]), qpos[:, 3:7])
    for name, moves in (("uncut", qpos[:90]), ("cut", np.concatenate([qpos[:40], turned[58:]]))):
        it, frames = people.see(person, moves, people.camera(), noise=0.5), moves
        tracked = np.ones(len(frames), bool)
        save(Keypoints(it.pixels, it.confidence, it.points_3d, tracked, it.fps, people.SIZE), tmp_path / f"{name}.npz")
        with pytest.raises(KeyboardInterrupt):
            reconstruct(keypoints=tmp_path / f"{name}.npz", progress=Told())
    assert views[0][0].seen.all()
    assert views[1][0].seen.tolist() == [k >= 40 for k in range(90)]


def test_who_is_back_after_the_background_was_cut_is_not_in_the_shot_before_it(
    tmp_path: Path, views: list[tuple[View, ...]]
) -> None:
    found = load_keypoints(seen_across_a_cut(tmp_path / "seen.npz"))
    pixels = found.pixels.copy()
    pixels[:] += (pixels[:1].mean(1) - pixels.mean(1))[:, None]  # on the spot
    pixels[18:22] += 150.0  # elsewhere from the cut on, and then by another one, before the same background, back
    save(replace(found, pixels=pixels), tmp_path / "cut.npz")
    progress = Told()
    with pytest.raises(KeyboardInterrupt):
        reconstruct(keypoints=tmp_path / "cut.npz", progress=progress)
    assert "cut at 1.38, 1.69 s" in progress.told[0]
    assert views[0][0].seen.tolist() == [k < 18 for k in range(FRAMES)]


def test_a_camera_may_be_said_to_stand(tmp_path: Path, views: list[tuple[View, ...]]) -> None:
    with pytest.raises(KeyboardInterrupt):
        reconstruct(keypoints=filmed(tmp_path / "seen.npz", carried), camera_motion="static", physics=False)
    assert views[0][0].camera_motion == "assumed static" and isinstance(views[0][0].camera, Pinhole)
    with pytest.raises(InputError, match="camera_motion=still"):
        reconstruct(keypoints=tmp_path / "seen.npz", camera_motion="still")


def test_the_camera_turns_and_zooms_as_pinholes_do() -> None:
    moving = camera()
    points = np.random.default_rng(0).uniform(-1, 1, (FRAMES, 7, 3)) + np.array([0.0, 1.0, 1.0])
    for t in (0, 11, FRAMES - 1):
        K = moving.start.K * np.array([[moving.zoom[t]], [moving.zoom[t]], [1.0]])
        K[:2, 2] = moving.start.K[:2, 2]
        R = moving.turns[t] @ moving.start.axes[0]
        still = Pinhole(K, SIZE, R, -R @ moving.start.eye[0])
        np.testing.assert_allclose(moving.project(points)[t], still.project(points[t]), atol=1e-8)
        one = moving.at(slice(t, t + 1))
        np.testing.assert_allclose(one.project_through_lens(points[t][None])[0], still.project(points[t]), atol=1e-8)
        pixels = still.project(points[t])
        np.testing.assert_allclose(one.rays(pixels[None])[0], still.rays(pixels), atol=1e-10)
        depth = np.array([2.0, 3.0])
        np.testing.assert_allclose(one.pixels_per_metre(depth), still.pixels_per_metre(depth))
    np.testing.assert_allclose(moving.to_world(moving.to_camera(points)), points, atol=1e-9)
    seen, h = moving.across(points), 1e-6
    np.testing.assert_allclose(seen.image, moving.rays(moving.project(points)), atol=1e-9)
    for axis in range(3):
        step = h * np.eye(3)[axis]
        slope = (moving.across(points + step).image - moving.across(points - step).image) / (2 * h)
        np.testing.assert_allclose(seen.by_point[..., axis], slope, atol=1e-7)
    turn, shift = pan(30, 20, 10), np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        moving.in_world(turn, shift).project(points @ turn.T + shift), moving.project(points), atol=1e-7
    )


def test_a_shifted_picture_is_seen_shifted() -> None:
    moving = camera()
    shift = np.random.default_rng(1).uniform(-40, 40, (FRAMES, 2))
    moved = replace(moving, shift=shift)
    points = np.random.default_rng(0).uniform(-1, 1, (FRAMES, 7, 3)) + np.array([0.0, 1.0, 1.0])
    pixels = moved.project(points)
    np.testing.assert_allclose(pixels - moving.project(points), np.repeat(shift[:, None], 7, axis=1), atol=1e-9)
    np.testing.assert_allclose(moved.rays(pixels), moving.across(points).image, atol=1e-9)
    np.testing.assert_allclose(moved.at(slice(3, 5)).project_through_lens(points[3:5]), pixels[3:5], atol=1e-9)
    np.testing.assert_allclose(moved.in_picture(0, pixels[7], 7), moved.in_picture(0, pixels[7:8], 7)[0])


def test_a_moved_window_is_kept_and_the_camera_stands(tmp_path: Path) -> None:
    def window(k: int) -> np.ndarray:
        wide = shot(pan(0.0), FOCAL, (640, 360), (0.0, -4.5, 1.2))
        return wide[40:310, 4 * k : 4 * k + 480]

    person = people.person()
    qpos = people.stepping(person, FRAMES)
    start = default_camera(SIZE, focal_px=FOCAL).in_world(np.eye(3), np.array([0.0, -4.5, 1.2]))
    shift = np.stack([-4.0 * np.arange(FRAMES), np.zeros(FRAMES)], axis=1)
    filmed = PanTiltZoom(start, np.tile(np.eye(3), (FRAMES, 1, 1)), np.ones(FRAMES), shift)
    seen = people.see(person, qpos, filmed, fps=FPS, noise=0.3)
    watch = BackgroundWatch(FPS)
    for k in range(FRAMES):
        watch.add(k, np.ascontiguousarray(window(k)), [np.array([*seen.pixels[k].min(0), *seen.pixels[k].max(0)])])
    tracked = np.ones(FRAMES, bool)
    known = Keypoints(seen.pixels, seen.confidence, seen.points_3d, tracked, FPS, SIZE, background=watch.tracks())
    save(known, tmp_path / "seen.npz")
    motion = reconstruct(
        keypoints=tmp_path / "seen.npz",
        focal_px=FOCAL,
        height=person.height,
        output=tmp_path / "out",
        physics=False,
        first_poses="relaxed",
        body="capsules",
    )
    assert motion.report.camera is not None and motion.report.camera.motion == "reframed"
    assert "the film is a moving part of its picture" in summary(motion, Path("out"), 1.0)
    again = Motion.load(tmp_path / "out").camera
    assert isinstance(again, PanTiltZoom) and again.shift is not None
    np.testing.assert_allclose(again.shift, shift, atol=1.0)
    hips = [motion.joint_names.index(f"{side}_hip") for side in ("left", "right")]
    middle = motion.joints[:, hips, :2].mean(1)
    assert np.ptp(middle, axis=0).max() < 0.2, "who steps on the spot stays there"


def test_a_lens_bends_the_picture_by_places_in_it() -> None:
    moving = camera()
    bent = replace(moving, start=replace(moving.start, distortion=np.array([-0.2, 0.05, 0.0, 0.0])))
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (FRAMES, 7, 3)) + np.array([0.0, 1.0, 1.2])
    filmed = bent.project_through_lens(points)
    assert np.abs(filmed - bent.project(points)).max() > 0.5
    np.testing.assert_allclose(bent.undistort(filmed), bent.project(points), atol=1e-4)
