"""Calibration files that motionrecon writes: what it, Pose2Sim and TOML's own reader find in them."""

import tomllib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import camera

from motionrecon.cameras.files import Assumptions, assumptions, load_camera, write_cameras
from motionrecon.cameras.pinhole import LEVEL, Pinhole, Uncertainty
from motionrecon.core import so3
from motionrecon.core.progress import Progress
from motionrecon.errors import OutputError


class Heard(Progress):
    """What was warned of."""

    def __init__(self):
        self.said = []

    def warn(self, text):
        self.said.append(text)


def test_a_file_as_it_is_read_in_the_documentation(tmp_path):
    path = tmp_path / "Calib.toml"
    write_cameras(
        path,
        {"left": camera(), "right phone": camera((2.0, 3.0, 1.5))},
        uncertainty={"right phone": Uncertainty(0.61234, 0.0312)},
        error_px=0.5,
        remarks=["found from a person", "in two\nlines"],
    )
    text = path.read_text()
    assert text.startswith("# found from a person\n# in two\n# lines\n\n[left]\n")
    tree = tomllib.loads(text)
    assert list(tree) == ["left", "right phone", "metadata"]  # Pose2Sim counts cameras: metadata is last
    assert tree["metadata"] == {"adjusted": False, "error": 0.5}
    assert tree["right phone"]["rotation_error_degrees"] == 0.612
    assert tree["right phone"]["place_error_metres"] == 0.0312
    assert "rotation_error_degrees" not in tree["left"]
    assert tree["left"]["size"] == [1280.0, 720.0] and tree["left"]["fisheye"] is False


def test_pose2sim_reads_it(tmp_path):
    """As its `retrieve_calib_params` does: keys, four coefficients at least, Rodrigues vectors."""
    true = camera((2.0, 3.0, 1.5), roll=0.3)
    write_cameras(tmp_path / "Calib.toml", {"cam_01": camera(), "cam_02": true})
    tree = tomllib.loads((tmp_path / "Calib.toml").read_text())
    cameras = [tree[name] for name in tree if name not in ("metadata", "capture_volume", "charuco", "checkerboard")]
    found = cameras[1]
    assert len(found["distortions"]) >= 4
    assert np.allclose(cv2.Rodrigues(np.array(found["rotation"]))[0], true.R_camera_world, atol=1e-9)
    assert np.allclose(found["translation"], true.t_camera_world)
    assert np.allclose(found["matrix"], true.K)


@settings(max_examples=40, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-0.4, 0.4)] * 3),
    eye=st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(0.5, 5.0)),
    focal=st.floats(700, 3000),
    centre=st.tuples(st.floats(800, 1100), st.floats(400, 700)),
    distortion=st.sampled_from([(), (-0.05, 0.01, 1e-4, -2e-4), (-0.05, 0.01, 1e-4, -2e-4, 0.002)]),
    name=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12),
)
def test_what_is_written_is_read_again(tmp_path_factory, turn, eye, focal, centre, distortion, name):
    if name == "metadata":
        name = "a camera"
    R = so3.matrix(np.array(turn)) @ LEVEL
    K = np.array([[focal, 0, centre[0]], [0, focal * 1.001, centre[1]], [0, 0, 1.0]])
    true = Pinhole(K, (1920, 1080), R, -R @ np.array(eye), np.array(distortion), calibrated=True)
    path = tmp_path_factory.mktemp("written") / "Calib.toml"
    write_cameras(path, {name: true, "the other one": camera()})
    read = load_camera(path, name, (1920, 1080))
    assert np.array_equal(read.K, K)
    assert np.allclose(read.R_camera_world, R, atol=1e-12)
    assert np.array_equal(read.t_camera_world, true.t_camera_world)
    assert (
        np.array_equal(read.distortion[: len(distortion)], distortion) and not read.distortion[len(distortion) :].any()
    )
    assert read.calibrated


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (np.pi, 0.0, 0.0), (0.0, 2.0, 2.4), (1e-9, 0.0, 0.0)])
def test_rotations_of_all_sizes(tmp_path, turn):
    R = so3.matrix(np.array(turn))
    true = Pinhole(camera().K, (1280, 720), R, np.array([1.0, 2.0, 3.0]), calibrated=True)
    write_cameras(tmp_path / "Calib.toml", {"a": true})
    read = load_camera(tmp_path / "Calib.toml", "a", (1280, 720), Heard())
    assert np.allclose(read.R_camera_world, R, atol=1e-12)


def test_intrinsics_alone_say_nothing_of_a_pose(tmp_path):
    write_cameras(tmp_path / "Calib.toml", {"a": camera()}, posed=False, uncertainty={"a": Uncertainty(1.0, 1.0)})
    assert "rotation" not in (tmp_path / "Calib.toml").read_text()
    assert not load_camera(tmp_path / "Calib.toml", None, (1280, 720)).calibrated


def test_a_found_rig_is_read_without_warnings(tmp_path):
    write_cameras(tmp_path / "Calib.toml", {"a": camera(), "b": camera((-3.0, 1.0, 1.2))})
    heard = Heard()
    for name in "ab":
        load_camera(tmp_path / "Calib.toml", name, (1280, 720), heard)
    assert not heard.said


@pytest.mark.parametrize("assumed", [Assumptions(), Assumptions(1.7), Assumptions(None, True), Assumptions(1.7, True)])
def test_the_file_says_what_was_assumed_and_no_error_that_nobody_measured(tmp_path, assumed):
    write_cameras(tmp_path / "Calib.toml", {"a": camera()}, assumed=assumed)
    said = {} if assumed.height is None else {"assumed_height_metres": assumed.height}
    said |= {"assumed_focal_length": True} if assumed.focal_length else {}
    assert tomllib.loads((tmp_path / "Calib.toml").read_text())["metadata"] == {"adjusted": False} | said
    assert assumptions(tmp_path / "Calib.toml") == assumed
    assert np.array_equal(load_camera(tmp_path / "Calib.toml", None, (1280, 720)).K, camera().K)


@pytest.mark.parametrize("said", ["true", '"tall"', "nan", "-1.0", "[1.7]"])
def test_a_height_that_is_none_was_not_assumed(tmp_path, said):
    (tmp_path / "Calib.toml").write_text(f"[metadata]\nassumed_height_metres = {said}\nassumed_focal_length = 1\n")
    assert assumptions(tmp_path / "Calib.toml") == Assumptions()


@pytest.mark.parametrize("name", ["", "  ", "metadata", "a\nb", "a\0b"])
def test_names_that_cannot_be(tmp_path, name):
    with pytest.raises(OutputError, match="a camera cannot be called"):
        write_cameras(tmp_path / "Calib.toml", {name: camera()})
    assert not (tmp_path / "Calib.toml").exists()


def test_nothing_and_nowhere(tmp_path):
    with pytest.raises(OutputError, match="no cameras"):
        write_cameras(tmp_path / "Calib.toml", {})
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*folder\.toml"):
        write_cameras(tmp_path / "folder.toml", {"a": camera()})
    assert [one.name for one in tmp_path.iterdir()] == ["folder.toml"]
