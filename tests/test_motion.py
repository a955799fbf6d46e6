"""Motions on disk: nothing is lost, nothing broken is read, and the saved controls give the saved motion."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motions import filmed_by, simulated, walking

from motionrecon.errors import InputError, OutputError
from motionrecon.result.motion import Motion
from motionrecon.result.replay import replay
from motionrecon.result.schema import arrays_of


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("result") / "clip motionrecon ü"
    simulated().save(folder)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def test_saving_and_loading_keeps_everything(saved: Path) -> None:
    written, read = simulated(), Motion.load(saved)
    for key, array in arrays_of(written).items():
        np.testing.assert_array_equal(arrays_of(read)[key], array, err_msg=key)
    assert read.model_xml == written.model_xml
    assert read.report == written.report
    assert read.joint_names == written.joint_names and read.contact_names == written.contact_names
    assert read.camera.image_size == written.camera.image_size


def test_the_file_itself_is_accepted_as_the_motion(saved: Path) -> None:
    assert len(Motion.load(saved / "motion.npz")) == len(simulated())


def test_the_file_holds_the_documented_keys_without_pickles(saved: Path) -> None:
    with np.load(saved / "motion.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert set(arrays) >= {
        *("fps", "time", "joint_names", "joints", "qpos", "qvel", "root_wrench", "contact_force", "joint_torque"),
        *("ctrl", "timestep", "segments", "camera_K", "camera_R", "camera_t", "image_size", "tracked"),
    }
    np.testing.assert_allclose(arrays["time"], np.arange(12) / 30)
    assert list(arrays["image_size"]) == [320, 240]


def test_a_report_with_numpy_values_becomes_plain_json(tmp_path: Path) -> None:
    report = {
        "a": np.float64(0.5),
        "b": (np.int64(3), float("nan"), np.True_),
        "c": Path("x"),
        "d": np.array([1.0, np.inf]),
    }
    replace(walking(2), report=report).save(tmp_path)
    assert Motion.load(tmp_path).report == {"a": 0.5, "b": [3, None, True], "c": "x", "d": [1.0, None]}


def test_replay_reproduces_what_was_simulated(saved: Path) -> None:
    motion = Motion.load(saved)
    again = replay(motion)
    covered = np.isfinite(again).all(1)
    # Steps 14 to 21 were not simulated, at 4 steps a frame: frames 4 and 5 have no simulated state.
    np.testing.assert_array_equal(np.flatnonzero(~covered), [4, 5])
    np.testing.assert_array_equal(again[covered], motion.qpos[covered])


def test_simulated_frames_are_those_that_a_replay_reaches(saved: Path) -> None:
    for motion in (simulated(), simulated(second_start=20), Motion.load(saved)):
        np.testing.assert_array_equal(motion.simulated, np.isfinite(replay(motion)).all(1))
    # A stretch that starts right on a frame, here step 20, has that frame too.
    np.testing.assert_array_equal(np.flatnonzero(~simulated(second_start=20).simulated), [4])
    assert not walking(3).simulated.any()


def test_frames_on_a_seat_are_told_from_others_that_were_not_simulated() -> None:
    motion = simulated()  # but for frames 4 and 5
    window = {"first_frame": 3, "last_frame": 5, "status": "seated"}
    seated, failed = (
        replace(motion, report={"windows": [window | {"status": status}]}) for status in ("seated", "failed")
    )
    assert [seated.lacks_simulation(t) for t in (3, 4, 5, 6)] == ["", *2 * ["on a seat, not simulated"], ""]
    assert failed.lacks_simulation(4) == "not simulated" and not failed.on_a_seat.any()


def test_printing_a_motion_tells_what_it_is_in_one_line() -> None:
    assert repr(simulated()) == "Motion(12 frames at 30 fps, 0.4 s, simulated in 10, 33 joints)"
    assert repr(walking(66, fps=30000 / 1001)) == "Motion(66 frames at 29.97 fps, 2.2 s, kinematic, 33 joints)"


def test_replay_notices_other_controls() -> None:
    motion = simulated()
    assert np.abs(replay(replace(motion, ctrl=motion.ctrl + 0.1)) - motion.qpos)[3].max() > 1e-3


def test_a_kinematic_motion_has_nothing_to_replay() -> None:
    assert np.isnan(replay(walking(3))).all()


def _without(key: str):
    return lambda arrays: {k: v for k, v in arrays.items() if k != key}


def _with(key: str, value: object):
    return lambda arrays: arrays | {key: np.asarray(value)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("qvel"), "'qvel' is missing"),
        (_with("qpos", np.zeros((11, 35))), r"'qpos' has shape \(11, 35\), expected \(12, nq\)"),
        (_with("joints", np.full((12, 33, 3), np.nan)), r"'joints' holds nan at \(0, 0, 0\)"),
        (_with("ctrl", np.full((44, 28), np.inf)), "'ctrl' holds inf"),
        (_with("tracked", np.ones(12)), "'tracked' has values of type float64"),
        (_with("fps", 0.0), "'fps'"),
        (_with("fps", "thirty"), "'fps'"),
        (_with("image_size", [0, 240]), "'image_size'"),
        (_with("image_size", [1e308, 240]), "'image_size'"),
        (_with("joint_names", [f"joint{i}" for i in range(33)]), "'joint_names' lacks nose"),
        (_with("contact_names", [f"geom{i}" for i in range(8)]), "no geom 'geom0'"),
        (_with("segments", np.zeros((1, 7))), "'segments' has rows of 7"),
        (_with("timestep", 0.02), "timestep"),
        (_with("camera_R", np.zeros((2, 3))), "'camera_R'"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_key(copy: Path, change, said: str) -> None:
    with np.load(copy / "motion.npz") as file:
        arrays = change(dict(file))
    np.savez(copy / "motion.npz", **arrays)
    with pytest.raises(InputError, match=said) as error:
        Motion.load(copy)
    assert str(copy) in str(error.value) and "\n" not in str(error.value)


def test_pickled_arrays_are_refused(copy: Path) -> None:
    np.savez(copy / "motion.npz", qpos=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"motion\.npz"):
        Motion.load(copy)


@pytest.mark.parametrize("name", ["motion.npz", "model.xml", "report.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "folder"])
def test_a_damaged_file_is_named(copy: Path, name: str, damage: str) -> None:
    path = copy / name
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) * 2 // 3], "text": b"\xffhello"}[damage])
    with pytest.raises(InputError, match=name) as error:
        Motion.load(copy)
    assert "\n" not in str(error.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_flipped_byte_never_escapes_as_another_error(copy: Path, saved: Path, at: float, flip: int) -> None:
    content = bytearray((saved / "motion.npz").read_bytes())
    content[int(at * len(content))] ^= flip
    (copy / "motion.npz").write_bytes(content)
    try:
        motion = Motion.load(copy)  # bytes that the archive does not use may change
    except InputError:
        return
    np.testing.assert_array_equal(motion.qpos, simulated().qpos)


def test_wrong_shapes_are_refused_at_birth() -> None:
    with pytest.raises(ValueError, match="'qvel' has shape"):
        replace(walking(3), qvel=np.zeros((2, 34)))


def test_saving_where_nothing_can_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        walking(2).save(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_several_cameras_and_what_each_saw_are_kept(tmp_path):
    motion = filmed_by(walking(4), (None, 0.0), (None, 0.25), (None, -0.5))
    seen = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [0, 0, 1, 1]], bool)
    bent = replace(motion.further_cameras[1], distortion=np.array([0.1, -0.2, 0.0, 0.0, 0.05]))
    motion = replace(motion, further_cameras=(motion.further_cameras[0], bent), tracked_by=seen)
    motion.save(tmp_path)
    loaded = Motion.load(tmp_path)
    assert [loaded.tracked_in(i).tolist() for i in range(3)] == seen.tolist()
    points = motion.joints[:1]
    for ours, theirs in zip(motion.cameras, loaded.cameras, strict=True):
        np.testing.assert_array_equal(ours.project_through_lens(points), theirs.project_through_lens(points))
    assert [one.offset for one in loaded.report.cameras] == [0.0, 0.25, -0.5]


def test_a_motion_of_one_camera_holds_nothing_of_others(tmp_path):
    walking(3).save(tmp_path)
    assert not [name for name in np.load(tmp_path / "motion.npz").files if "further" in name or name == "tracked_by"]
    assert Motion.load(tmp_path).tracked_by is None


@pytest.mark.parametrize("rows", [(2, 4), (3, 3), (4, 4)])
def test_what_cameras_saw_must_fit_the_motion(tmp_path, rows):
    motion = filmed_by(walking(4), (None, 0.0), (None, 0.25), (None, -0.5))
    motion.save(tmp_path)
    arrays = dict(np.load(tmp_path / "motion.npz"))
    np.savez(tmp_path / "motion.npz", **arrays | {"tracked_by": np.ones(rows, bool)})
    with pytest.raises(InputError, match="tracked_by"):
        Motion.load(tmp_path)
