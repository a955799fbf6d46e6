"""Cameras from files and from flags."""

import cv2
import numpy as np
import pytest

from motionrecon.cameras.file import DEFAULT_FOV, default_camera, load_camera
from motionrecon.errors import InputError

SIZE = (1088, 1920)
CAMERA = {
    "size": "[1088.0, 1920.0]",
    "matrix": "[[1681.0, 0.0, 532.0], [0.0, 1682.0, 948.0], [0.0, 0.0, 1.0]]",
    "distortions": "[-0.1, 0.02, 0.001, -0.002]",
    "rotation": "[1.69, 1.05, -0.42]",
    "translation": "[0.32, 0.96, 2.89]",
    "fisheye": "false",
}
#: Level and 1.5 m above the floor.
ABOVE = {"rotation": "[1.5707963, 0.0, 0.0]", "translation": "[0.0, 1.5, 3.0]"}
METADATA = "[metadata]\nadjusted = false\nerror = 0.0\n"


class Warnings:
    def __init__(self):
        self.texts = []

    def warn(self, text):
        self.texts.append(text)


def write(folder, *names, drop=(), **changes):
    values = {key: value for key, value in (CAMERA | changes).items() if key not in drop}
    sections = "".join(
        f'[{name}]\nname = "{name}"\n' + "".join(f"{k} = {v}\n" for k, v in values.items()) for name in names
    )
    path = folder / "Calib.toml"
    path.write_text(sections + METADATA, encoding="utf-8")
    return path


def test_a_camera_projects_as_opencv_does(tmp_path):
    camera = load_camera(write(tmp_path, "cam_01"), None, SIZE)
    assert camera.calibrated and camera.image_size == SIZE
    points = np.random.default_rng(0).normal(0, 0.3, (20, 3))
    K = np.array([[1681.0, 0.0, 532.0], [0.0, 1682.0, 948.0], [0.0, 0.0, 1.0]])
    pose = np.array([1.69, 1.05, -0.42]), np.array([0.32, 0.96, 2.89])
    expected, _ = cv2.projectPoints(points, *pose, K, None)
    np.testing.assert_allclose(camera.project(points), expected[:, 0], atol=1e-6)
    distorted, _ = cv2.projectPoints(points, *pose, K, np.array([-0.1, 0.02, 0.001, -0.002]))
    assert np.abs(distorted - expected).max() > 1
    np.testing.assert_allclose(camera.undistort(distorted[:, 0]), expected[:, 0], atol=0.05)


def test_intrinsics_alone_give_a_camera_without_a_pose(tmp_path):
    path = write(tmp_path, "phone", drop=("rotation", "translation", "distortions", "fisheye", "size"))
    camera = load_camera(path, None, (640, 480))
    assert not camera.calibrated and camera.distortion.size == 0 and camera.K[0, 0] == 1681


def test_the_camera_is_chosen_by_name(tmp_path):
    path = write(tmp_path, "cam_01", "cam_02")
    assert load_camera(path, "cam_02", SIZE).calibrated
    with pytest.raises(InputError, match=r"holds 2 cameras; pick one with camera_name=\.\.\.: cam_01, cam_02"):
        load_camera(path, None, SIZE)
    with pytest.raises(InputError, match=r"cam_09 is not in .*Calib\.toml; its cameras are cam_01, cam_02"):
        load_camera(path, "cam_09", SIZE)


def test_codec_padding_leaves_the_pixels_alone(tmp_path):
    warnings = Warnings()
    camera = load_camera(write(tmp_path, "cam_01", **ABOVE), None, (1080, 1920), warnings)
    assert camera.K[0, 2] == 532 and camera.image_size == (1080, 1920) and not warnings.texts


def test_another_resolution_of_the_same_shape_sees_the_same_rays(tmp_path):
    warnings = Warnings()
    path = write(tmp_path, "cam_01", **ABOVE)
    full, half = load_camera(path, None, SIZE), load_camera(path, None, (544, 960), warnings)
    # The middle of the 2x2 block of pixels (200..201, 300..301) is the centre of pixel (100, 150) of the half image.
    for_full, for_half = (np.linalg.solve(c.K, [*p, 1]) for c, p in ((full, (200.5, 300.5)), (half, (100, 150))))
    np.testing.assert_allclose(for_full, for_half, atol=1e-12)
    assert len(warnings.texts) == 1 and "scaled by 0.5" in warnings.texts[0]


@pytest.mark.parametrize(("size", "message"), [((1920, 1088), "rotated"), ((1000, 1000), "another shape")])
def test_another_shape_is_refused(tmp_path, size, message):
    with pytest.raises(InputError, match=rf"camera cam_01 .*calibrated at 1088 x 1920.*{message}"):
        load_camera(write(tmp_path, "cam_01"), None, size)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fisheye": "true"}, "fisheye"),
        ({"matrix": "[[1.0, 0.0], [0.0, 1.0]]"}, r"matrix has shape \(2, 2\)"),
        ({"matrix": "[[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]"}, "not an intrinsic matrix"),
        ({"matrix": '"none"'}, "matrix is not an array of numbers"),
        ({"size": "[1088.0]"}, "size has shape"),
        ({"distortions": "[0.1, 0.2, 0.3]"}, "distortions has 3 numbers"),
        ({"rotation": "[nan, 0.0, 0.0]"}, "not finite"),
        ({"translation": "[321.0, 956.0, 2890.0]"}, "metres"),
        ({"drop": ("translation",)}, "has a rotation only"),
    ],
)
def test_a_broken_camera_is_refused_in_one_line(tmp_path, changes, message):
    with pytest.raises(InputError, match=message) as error:
        load_camera(write(tmp_path, "cam_01", **changes), None, SIZE)
    assert "cam_01" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe", "not TOML"), (b"a = [", "not TOML"), (b"", "no camera")]
)
def test_a_file_that_is_no_camera_file(tmp_path, content, message):
    path = tmp_path / "Calib.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_camera(path, None, SIZE)
    with pytest.raises(InputError, match="cannot read camera file"):
        load_camera(tmp_path / "absent.toml", None, SIZE)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_the_field_of_view_is_along_the_longer_side_however_the_phone_was_held(size):
    for camera, fov in ((default_camera(size), DEFAULT_FOV), (default_camera(size, fov=90), 90)):
        edge = np.zeros(2)
        edge[int(size[1] > size[0])] = 960
        ray = np.linalg.solve(camera.K, [*(np.array(size) / 2 + edge), 1])
        assert np.degrees(2 * np.arctan(np.abs(ray[:2]).max())) == pytest.approx(fov)
        assert not camera.calibrated
    assert default_camera(size, focal_px=1234).K[1, 1] == 1234


def test_a_world_that_is_not_upright_is_noticed(tmp_path):
    warnings = Warnings()
    load_camera(write(tmp_path, "cam_01", **ABOVE | {"rotation": "[-1.5707963, 0.0, 0.0]"}), None, SIZE, warnings)
    assert len(warnings.texts) == 1 and "below the floor" in warnings.texts[0]


def test_a_default_camera_is_level():
    x, y = default_camera((640, 480)).project(np.array([[0.1, 2.0, 0.3]]))[0]
    assert x > 320 and y < 240
