"""The whole road with several cameras: from keypoints and a calibration to one motion and its files."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from people import SIZE, Seen, camera, person, see, stepping
from scipy.spatial.transform import Rotation
from test_manhattan import room
from test_manhattan import seen as lines_of
from test_verticals import camera_up

from motionrecon.cameras.default import default_camera
from motionrecon.cameras.files import camera_names, load_rig
from motionrecon.cameras.files.write import write_cameras
from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.errors import InputError
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import save
from motionrecon.observe import edges
from motionrecon.pipeline import reconstruct
from motionrecon.result.films import films_of
from motionrecon.result.motion import Motion
from motionrecon.rig import stage

PLACES = {"left": (3.2, -2.4, 1.3), "right": (-2.9, -2.6, 1.5), "behind": (0.4, 4.1, 1.2)}
FRAMES, FPS = 45, 30.0


@pytest.fixture(scope="module")
def seen() -> dict[str, Seen]:
    """What three cameras see of somebody who steps on the spot, at twice the frames that are used."""
    body = person()
    qpos = stepping(body, 2 * FRAMES, fps=2 * FPS)
    return {name: see(body, qpos, camera(place), 2 * FPS, noise=2.0) for name, place in PLACES.items()}


def keypoints(seen: Seen, frames: np.ndarray, fps: float = FPS) -> Keypoints:
    found = frames >= 0
    at = np.clip(frames, 0, len(seen.pixels) - 1)
    pixels, points, confidence = seen.pixels[at].copy(), seen.points_3d[at].copy(), seen.confidence[at].copy()
    pixels[~found] = points[~found] = np.nan
    confidence[~found] = 0.0
    return Keypoints(pixels, confidence, points, found, fps, SIZE)


def given(folder: Path, seen: dict[str, Seen], frames: dict[str, np.ndarray], posed: bool = True) -> dict:
    """The files that a user would have; the person is made of capsules, and is found as such."""
    for name, rows in frames.items():
        save(keypoints(seen[name], rows), folder / f"walk_{name}.npz")
    write_cameras(folder / "Calib.toml", {name: seen[name].camera for name in PLACES}, posed=posed)
    paths = [str(folder / f"walk_{name}.npz") for name in frames]
    return {"keypoints": paths, "camera": folder / "Calib.toml", "height": 1.75, "physics": False, "body": "capsules"}


JOINTS = ("hip", "shoulder", "elbow", "wrist", "knee", "ankle")
LIMBS = [INDEX[f"{side}_{joint}"] for joint in JOINTS for side in ("left", "right")]
HIPS = [0, 1]
EVERY_OTHER = 2 * np.arange(FRAMES)


def error(motion: Motion, seen: Seen, frames: np.ndarray = EVERY_OTHER) -> float:
    """Mean distance of the joints from the truth, in millimetres, hips on hips."""
    ours, true = (points[:, LIMBS] for points in (motion.joints, seen.joints[frames]))
    ours, true = (points - points[:, HIPS].mean(1, keepdims=True) for points in (ours, true))
    return 1e3 * float(np.linalg.norm(ours - true, axis=-1).mean())


def test_two_cameras_make_one_motion_and_its_files(seen, tmp_path) -> None:
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER})
    motion = reconstruct(None, output=tmp_path / "both", **files)
    alone = reconstruct(None, **(files | {"keypoints": files["keypoints"][0], "camera_name": "left"}))
    assert error(motion, seen["left"]) < 22 and error(motion, seen["left"]) < error(alone, seen["left"])
    assert alone.further_cameras == () and alone.report.cameras is None
    read = Motion.load(tmp_path / "both")
    assert [one.name for one in read.report.cameras] == ["left", "right"]
    assert [one.pose for one in read.report.cameras] == ["calibrated"] * 2
    assert read.report.options["keypoints"] == files["keypoints"] and read.report.options["offset"] is None
    np.testing.assert_allclose(read.cameras[1].eye, motion.cameras[1].eye)
    assert len(read.cameras) == 2 and read.cameras[1].calibrated
    assert not (tmp_path / "both" / "cameras.toml").exists()


@pytest.mark.parametrize("told", [True, False])
def test_a_camera_that_began_later_comes_onto_the_clock(seen, tmp_path, told) -> None:
    """The second film begins 5 of the 60 frames a second later, and so between two frames of the first."""
    late = 2 * np.arange(FRAMES - 4) + 5
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": late})
    motion = reconstruct(None, **files, **({"offset": 5 / 60} if told else {}))
    assert motion.report.cameras[1].offset == pytest.approx(5 / 60, abs=0.5 / FPS)
    assert len(motion) == FRAMES and error(motion, seen["left"]) < 22


def test_an_offset_of_the_wrong_sign_is_doubted(seen, tmp_path) -> None:
    """The second film begins 12 of the 60 frames a second later, and is said to begin as much earlier."""
    late = 2 * np.arange(FRAMES - 6) + 12
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": late})
    motion = reconstruct(None, **files, offset=-0.2)
    said = [text for text in motion.report.warnings if "offset=... of" in text]
    assert len(said) == 1 and "right was given as -0.2 s; 0.20 s fits far better" in said[0]
    assert motion.report.cameras[1].offset == pytest.approx(-0.2)  # what was given is held
    right = reconstruct(None, **files, offset=0.2)
    assert not any("offset" in text for text in right.report.warnings)


@pytest.mark.parametrize("out", ["left", "behind"])
def test_a_camera_that_was_turned_since_is_left_out(seen, tmp_path, out) -> None:
    files = given(tmp_path, seen, {name: EVERY_OTHER for name in PLACES})
    turn, eye = Rotation.from_rotvec([0.0, 0.08, 0.11]).as_matrix(), seen[out].camera.eye[0]
    turned = seen[out].camera.in_world(turn, eye - turn @ eye)
    write_cameras(files["camera"], {name: turned if name == out else seen[name].camera for name in PLACES})
    motion = reconstruct(None, **files)
    (said,) = (text for text in motion.report.warnings if "does not meet" in text)
    assert said.startswith(f"{out} does not meet what the other views see") and "it was left out" in said
    assert error(motion, seen[out]) < 22


def test_offsets_are_told_again_without_what_was_mistaken(seen, tmp_path, monkeypatch) -> None:
    """One view shows somebody else for a while; its offset is then told by the rest, and surer."""
    told = []
    first = stage.offsets
    monkeypatch.setattr(stage, "offsets", lambda *given: told.append(first(*given)) or told[-1])
    pixels = seen["right"].pixels.copy()
    pixels[30:60] = pixels[60:30:-1] + np.array([130.0, 0.0])
    other = {**seen, "right": replace(seen["right"], pixels=pixels)}
    rows = {"left": EVERY_OTHER, "behind": EVERY_OTHER, "right": EVERY_OTHER[3:]}
    motion = reconstruct(None, **given(tmp_path, other, rows))
    assert len(told) > 1 and told[-1].unsure < told[0].unsure
    camera = motion.report.cameras[2]
    assert camera.offset == pytest.approx(3 / FPS, abs=0.3 / FPS) and 0 < camera.offset_error < 1 / FPS
    assert motion.report.cameras[0].offset_error == 0.0


@pytest.mark.parametrize("told", [True, False])
def test_slow_motion_beside_an_ordinary_film_is_one_motion(seen, tmp_path, told) -> None:
    """The first film shows half of its speed, in which the second begins 10 of its frames later."""
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER})
    save(keypoints(seen["left"], np.arange(2 * FRAMES), FPS), tmp_path / "walk_left.npz")
    save(keypoints(seen["right"], 2 * np.arange(FRAMES - 5) + 10, FPS), tmp_path / "walk_right.npz")
    offset = {"offset": 10 / FPS} if told else {}
    motion = reconstruct(None, **files, **offset, filmed_fps=[2 * FPS, FPS])
    assert motion.report.cameras[1].offset == pytest.approx(10 / FPS, abs=0.02)
    assert motion.fps == 2 * FPS and error(motion, seen["left"], np.arange(2 * FRAMES)) < 22
    np.testing.assert_allclose(films_of(motion)[1].times(20)[[10, 12]], [0, 1 / FPS], atol=0.02)


def test_a_view_that_mistakes_the_sides_does_not_bend_the_motion(seen, tmp_path) -> None:
    wrong = replace(seen["right"], pixels=seen["right"].pixels.copy(), points_3d=seen["right"].points_3d.copy())
    wrong.pixels[30:50], wrong.points_3d[30:50] = wrong.pixels[30:50][:, MIRROR], wrong.points_3d[30:50][:, MIRROR]
    views = {"left": EVERY_OTHER, "right": EVERY_OTHER, "behind": EVERY_OTHER}
    motion = reconstruct(None, **given(tmp_path, seen | {"right": wrong}, views))
    assert any("exchanged left and right in 10 of 45 frames" in text for text in motion.report.warnings)
    assert error(motion, seen["left"]) < 22


def test_cameras_that_nobody_calibrated_are_found_and_written(seen, tmp_path) -> None:
    views = {name: EVERY_OTHER for name in PLACES}
    motion = reconstruct(None, output=tmp_path / "found", **given(tmp_path, seen, views, posed=False))
    assert all(one.pose == "estimated" and one.rotation_error_deg < 3 for one in motion.report.cameras)
    found, true = motion.cameras, [seen[name].camera for name in PLACES]
    for one, other in zip(found[1:], true[1:], strict=True):
        apart = one.axes[0] @ found[0].axes[0].T @ (other.axes[0] @ true[0].axes[0].T).T
        assert np.degrees(np.arccos((np.trace(apart) - 1) / 2)) < 2
    rig = tmp_path / "found" / "cameras.toml"
    assert camera_names(rig) == list(PLACES)
    again, posed = load_rig(rig, list(PLACES), [SIZE] * 3)
    assert posed and again[0].calibrated
    np.testing.assert_allclose(again[2].eye, found[2].eye, atol=1e-6)
    written = rig.read_text()
    assert "1.75 m, the height that was given" in written and "assumed" not in written
    assert 1.0 < tomllib.loads(written)["metadata"]["error"] < 10.0


def test_a_height_that_was_assumed_stays_so_in_what_is_made_of_it(seen, tmp_path) -> None:
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER}, posed=False)
    del files["height"], files["camera"]
    files["keypoints"] = [
        shutil.copy(path, tmp_path / f"{name}.npz") for name, path in zip("ab", files["keypoints"], strict=True)
    ]
    first = reconstruct(None, output=tmp_path / "first", **files)
    assert any("which was assumed to be 1.70 m" in text for text in first.report.warnings)
    rig = tmp_path / "first" / "cameras.toml"
    assert "1.70 m, the height that was assumed" in rig.read_text()
    second = reconstruct(None, output=tmp_path / "first", force=True, **(files | {"camera": rig}))
    assert second.report.person.height == 1.7 and second.report.options["height"] is None
    assert first.report.height_from == second.report.height_from == "assumed"
    assert [one.focal_length for one in (*first.report.cameras, *second.report.cameras)] == ["assumed"] * 4
    said = "found with an assumed height of 1.70 m and assumed focal lengths"
    assert any(said in text for text in second.report.warnings)
    assert rig.exists()  # what the run read


def test_lines_of_a_room_tell_the_lenses_before_the_cameras_are_posed(seen, tmp_path, monkeypatch) -> None:
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER}, posed=False)
    del files["camera"]
    true, assumed = seen["left"].camera.K[0, 0], default_camera(SIZE)
    random, up = np.random.default_rng(9), camera_up(-0.4, 0.05)

    def behind(*_: object) -> np.ndarray:
        lens = np.log(true / assumed.K[0, 0])
        return lines_of(random, room(up, 0.7), (25, 20, 10), 10, lens=lens) * assumed.K[0, 0] + assumed.K[:2, 2]

    before = reconstruct(None, output=tmp_path / "before", **files)
    monkeypatch.setattr(edges, "behind", behind)
    after = reconstruct(None, output=tmp_path / "after", **files)
    assert [one.focal_length for one in after.report.cameras] == ["found"] * 2
    assert all(one.focal_px == pytest.approx(true, rel=0.05) for one in after.report.cameras)
    assert "assumed_focal_length" in (tmp_path / "before" / "cameras.toml").read_text()
    assert "assumed_focal_length" not in (tmp_path / "after" / "cameras.toml").read_text()
    errors = [motion.report.cameras[1].place_error_m for motion in (before, after)]
    assert errors[1] < errors[0], "a lens that is known makes places surer"


def test_the_floor_that_is_given_is_that_of_the_motion(seen, tmp_path) -> None:
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER})
    motion = reconstruct(None, **files, floor=0.04)
    assert motion.camera.eye[0, 2] == pytest.approx(seen["left"].camera.eye[0, 2] - 0.04, abs=1e-9)


def test_names_are_as_many_as_videos_and_those_of_the_calibration(seen, tmp_path) -> None:
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER})
    with pytest.raises(InputError, match=r"camera_name=\.\.\. was given 3 times for 2 videos"):
        reconstruct(None, **files, camera_name=["left", "right", "behind"])
    with pytest.raises(InputError, match="camera_name=middle is not in"):
        reconstruct(None, **files, camera_name=["left", "middle"])


def test_a_clock_of_another_rate_comes_onto_the_first(seen, tmp_path) -> None:
    files = given(tmp_path, seen, {"left": EVERY_OTHER, "right": EVERY_OTHER})
    save(keypoints(seen["right"], np.arange(2 * FRAMES), 2 * FPS), tmp_path / "walk_right.npz")
    motion = reconstruct(None, **files)
    assert motion.fps == FPS and len(motion) == FRAMES and error(motion, seen["left"]) < 22
    assert abs(motion.report.cameras[1].offset) < 0.2 / FPS
    assert not any("does not meet" in text or "exchanged" in text for text in motion.report.warnings)
