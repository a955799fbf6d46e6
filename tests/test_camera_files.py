"""Calibration files: each way of writing a camera gives the same camera, and what cannot be read says why."""

import random
import subprocess
import sys

import cv2
import numpy as np
import pytest
from camera_texts import (
    WRITERS,
    anipose,
    flat_and_numbered,
    opencv_xml,
    opencv_yaml_1_0,
    panoptic,
    pose2sim,
    qualisys,
    ros,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HANGS

from motionrecon.cameras.files import load_camera
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
    camera = load_camera(path, None, (1080, 1900))
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
        ({"matrix": "[[1.0, 0.0], [0.0, 1.0]]"}, "matrix has shape 2 x 2; it must have 3 x 3"),
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
    ("content", "message"),
    [
        (b"\xff\xfe", "holds no camera: it is empty"),
        (b"\xff\xfe[", "not utf-16-le text"),
        (b"a = [", "not TOML"),
        (b'{"a": [}', "not JSON"),
        (b"%YAML:1.0\n---\na: [1, 2\n", "not usable YAML: a bracket is not closed before line 3"),
        (b"<opencv_storage><a></opencv_storage>", "not usable XML"),
        (b"<!DOCTYPE a><a/>", "declares a document type"),
        (
            b"<calibration><cameras><camera><fov_video/></camera></cameras></calibration>",
            "not usable Qualisys XML: <fov_video> of camera  has no left",
        ),
        (b"PK\x03\x04\0\0", "is not text"),
        (b"", "holds no camera: it is empty"),
    ],
)
def test_a_file_that_is_no_camera_file(tmp_path, content, message):
    path = tmp_path / "Calib.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_camera(path, None, SIZE)
    with pytest.raises(InputError, match="cannot read camera file"):
        load_camera(tmp_path / "absent.toml", None, SIZE)


def at(x, y, z, forward):
    """Rotation and translation of a level camera at a place, looking along a direction of the ground."""
    forward = np.array([*forward, 0.0]) / np.linalg.norm(forward)
    down = np.array([0.0, 0.0, -1.0])
    R = np.array([np.cross(down, forward), down, forward])
    return R, -R @ [x, y, z]


K = np.array([[1432.1, 0, 650.3], [0, 1433.7, 355.2], [0, 0, 1]])
D = np.array([-0.1, 0.02, 0.001, -0.002, 0.003])
WIDE = (1280, 720)
POSE = at(1.0, -4.0, 1.4, (-0.2, 1.0))


def read(tmp_path, text, name=None, size=WIDE):
    """The camera of a text, and the warnings."""
    path = tmp_path / "calibration.txt"  # the format shows in the content
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    warnings = Warnings()
    return load_camera(path, name, size, warnings), warnings.texts


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("dressed", ["as it is", "byte order mark", "utf-16", "carriage returns", "old accents"])
def test_every_tool_writes_the_same_camera(tmp_path, write, dressed):
    text = write(K, D, WIDE, *POSE)
    if dressed == "carriage returns":
        text = text.replace("\n", "\r\n")
    comment = {"<": "", "{": "", "[{": "", "%": ""}.get(text[: 1 + text.startswith("[{")], "# caméra\n")
    content = {
        "byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "utf-16": text.encode("utf-16"),
        "old accents": comment.encode("latin-1") + text.encode(),
    }.get(dressed, text.encode())
    camera, warnings = read(tmp_path, content)
    assert camera.calibrated and camera.image_size == WIDE and not warnings
    np.testing.assert_allclose(camera.K, K, atol=1e-9)
    np.testing.assert_allclose(camera.distortion, D, atol=1e-9)
    np.testing.assert_allclose(camera.R_camera_world, POSE[0], atol=1e-9)
    np.testing.assert_allclose(camera.t_camera_world, POSE[1], atol=1e-9)


small = st.floats(-0.05, 0.05)


@settings(max_examples=60)
@given(
    write=st.sampled_from([write for write in WRITERS if write is not qualisys]),  # which has no eight coefficients
    focal=st.tuples(st.floats(900, 3000), st.floats(0.95, 1.05)),
    centre=st.tuples(st.floats(500, 780), st.floats(290, 430)),
    distortion=st.one_of(
        st.tuples(small, small, st.just(0.001), st.just(-0.001)),
        st.tuples(small, small, st.just(0.001), small.map(lambda x: x / 20), small, small, small, small),
    ),
    turn=st.tuples(*[st.floats(-3.1, 3.1)] * 3).filter(lambda v: 0.01 < np.linalg.norm(v) < 3.1),
    place=st.tuples(*[st.floats(-50, 50)] * 3),
)
def test_any_camera_comes_back(tmp_path_factory, write, focal, centre, distortion, turn, place):
    fx, ratio = focal
    K = np.array([[fx, 0, centre[0]], [0, fx * ratio, centre[1]], [0, 0, 1]])
    R, D = cv2.Rodrigues(np.array(turn))[0], np.array(distortion)
    camera, _ = read(tmp_path_factory.mktemp("camera"), write(K, D, WIDE, R, np.array(place)))
    np.testing.assert_allclose(camera.K, K, atol=1e-9)
    np.testing.assert_allclose(camera.R_camera_world, R, atol=1e-9)
    np.testing.assert_allclose(camera.t_camera_world, place, atol=1e-9)
    assert camera.calibrated
    pixels = np.array([[100.0, 80.0], [640.0, 360.0], [1200.0, 700.0]])
    there = camera.undistort(pixels)
    rays = cv2.undistortPoints(pixels[:, None], K, D, P=K, criteria=(3, 50, 1e-9))[:, 0]
    np.testing.assert_allclose(there, rays, atol=1e-3)


def test_a_rounded_rotation_is_made_one_and_others_are_refused(tmp_path):
    R, t = POSE
    rounded = np.round(R, 3)
    camera, _ = read(tmp_path, panoptic(K, D, WIDE, rounded, t))
    np.testing.assert_allclose(camera.R_camera_world @ camera.R_camera_world.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(camera.R_camera_world, R, atol=2e-3)
    for wrong, why in ((2 * R, "not a rotation"), (R * [[1], [1], [-1]], "mirrors"), (1e308 * R, "not a rotation")):
        with pytest.raises(InputError, match=why):
            read(tmp_path, panoptic(K, D, WIDE, wrong, t))
    text = pose2sim(K, D, WIDE, R, t)
    line = next(line for line in text.splitlines() if line.startswith("rotation"))
    with pytest.raises(InputError, match="probably in degrees"):
        read(tmp_path, text.replace(line, "rotation = [90.0, 10.0, 0.0]"))
    with pytest.raises(InputError, match=r"has shape 4; it must have 3 numbers.*quaternion"):
        read(tmp_path, text.replace(line, "rotation = [1.0, 0.0, 0.0, 0.0]"))


@pytest.mark.parametrize(
    ("written", "coefficients"),
    [
        ([], []),
        ([0.1], [0.1, 0, 0, 0]),
        ([0.1, -0.02], [0.1, -0.02, 0, 0]),
        ([0.1, 0, 0], [0.1, 0, 0, 0]),
        ([[0.1, 0.02, 0, 0, 0.3]], [0.1, 0.02, 0, 0, 0.3]),
        ([[0.1], [0.02], [0], [0]], [0.1, 0.02, 0, 0]),
        ([0.1, 0.02, 0.001, 0.002, 0.3, 0, 0], [0.1, 0.02, 0.001, 0.002, 0.3]),
        ([0.1, 0.02, 0, 0, 0.003, 0.001, 0, 0, 0.001, 0, 0, 0], [0.1, 0.02, 0, 0, 0.003, 0.001, 0, 0, 0.001, 0, 0, 0]),
    ],
)
def test_distortions_of_any_length_that_is_clear(tmp_path, written, coefficients):
    camera, _ = read(tmp_path, pose2sim(K, written, WIDE, *POSE))
    np.testing.assert_array_equal(camera.distortion, coefficients)


@pytest.mark.parametrize("written", [[0.1, 0.02, 0.3], [0.1, 0.02, 0, 0, 0.3, 0.1], [[0.1, 0.2], [0.3, 0.4]]])
def test_distortions_that_may_mean_two_things_are_refused(tmp_path, written):
    with pytest.raises(InputError, match=r"distortions has (shape|\d numbers)"):
        read(tmp_path, pose2sim(K, written, WIDE, *POSE))


@pytest.mark.parametrize(
    "old_new",
    [
        ("fisheye = false", "fisheye = true"),
        ("fisheye = false", 'distortion_model = "equidistant"'),
        ("fisheye = false", 'camera_model = "omni"'),
        ("fisheye = false", "xi = 1.2"),
        ("fisheye = false", 'distortion_model = "KANNALA_BRANDT"'),
    ],
)
def test_lenses_that_we_cannot_use_are_refused_in_words(tmp_path, old_new):
    with pytest.raises(InputError, match=r"camera cam_1 .* fisheye .* undistort the video first"):
        read(tmp_path, pose2sim(K, D, WIDE, *POSE).replace(*old_new))


def test_an_unknown_distortion_model_is_named(tmp_path):
    with pytest.raises(InputError, match="distortion model division is unknown"):
        read(tmp_path, ros(K, D, WIDE, *POSE).replace("plumb_bob", "division"))


def test_a_matrix_written_as_columns(tmp_path):
    unposed = "\n".join(
        line for line in pose2sim(K.T, D, WIDE, *POSE).splitlines() if not line.startswith(("rotation", "translation"))
    )
    camera, _ = read(tmp_path, unposed)
    np.testing.assert_array_equal(camera.K, K)
    camera, warnings = read(tmp_path, panoptic(K.T, D, WIDE, POSE[0].T, POSE[1]))  # JARVIS's, MATLAB's
    np.testing.assert_array_equal(camera.K, K)
    np.testing.assert_allclose(camera.R_camera_world, POSE[0], atol=1e-9)
    assert "R was read that way too" in warnings[0]
    camera, warnings = read(tmp_path, pose2sim(K.T, D, WIDE, *POSE))  # a Rodrigues vector has no columns
    np.testing.assert_allclose(camera.R_camera_world, POSE[0], atol=1e-9)
    assert not warnings


def test_a_world_that_is_the_first_cameras_own_gives_intrinsics_only(tmp_path):
    """As anipose and Caliscope write it when nobody has turned the world: millimetres, refined, gravity unknown."""
    first = cv2.Rodrigues(np.array([-0.008, 0.012, 0.002]))[0], np.array([2.1, -21.2, 81.0])
    second = cv2.Rodrigues(np.array([0.05, -1.35, -1.19]))[0], np.array([1699.8, -1505.1, 1630.3])
    text = anipose(K, D, WIDE, *first) + anipose(K, D, WIDE, *second).replace("cam_0", "cam_1").replace('"A"', '"B"')
    for name in ("A", "B"):
        camera, (warning,) = read(tmp_path, text.replace("[metadata]", "", 1), name)
        np.testing.assert_array_equal(camera.K, K)
        assert not camera.calibrated and "camera A's own frame" in warning


def test_the_rectification_of_ros_is_no_pose(tmp_path):
    text = (
        f'{{"width": 1280, "height": 720, "distortion_model": "plumb_bob", "D": {D.tolist()}, "K": {K.ravel().tolist()}'
    )
    text += ', "R": [1, 0, 0, 0, 1, 0, 0, 0, 1], "P": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]}'
    camera, warnings = read(tmp_path, text)
    np.testing.assert_array_equal(camera.K, K)
    assert not camera.calibrated and not warnings


def test_sizes_in_sections_of_their_own(tmp_path):
    xml = opencv_xml(K, D, WIDE, *POSE).replace("<image_width>1280</image_width>", "<fisheye_model>0</fisheye_model>")
    size = "<Camera_Resolution><Width>2560</Width><Height>1440</Height></Camera_Resolution>"
    camera, warnings = read(tmp_path, xml.replace("<image_height>720</image_height>", size))
    assert "scaled by 0.5" in warnings[0] and camera.K[0, 0] == K[0, 0] / 2
    json = f'{{"camera_matrix": {K.tolist()}, "calibration_info": {{"image_size": [2560, 1440]}}}}'
    assert read(tmp_path, json)[0].K[0, 0] == K[0, 0] / 2


def test_a_stereo_file_has_two_cameras_and_its_rectification_is_no_pose(tmp_path):
    text = (
        '{"K1": [[900,0,640],[0,900,360],[0,0,1]], "D1": [0.1,0,0,0], "K2": [[950,0,640],[0,950,360],[0,0,1]],'
        '"D2": [0,0,0,0], "R": [[1,0,0],[0,1,0],[0,0,1]], "T": [[-0.1],[0],[0]], "R1": [[1,0,0],[0,1,0],[0,0,1]],'
        '"R2": [[1,0,0],[0,1,0],[0,0,1]], "P1": [[1,0,0,0],[0,1,0,0],[0,0,1,0]], "Q": [[1,0],[0,1]]}'
    )
    camera, _ = read(tmp_path, text, "2")
    assert camera.K[0, 0] == 950 and not camera.calibrated
    with pytest.raises(InputError, match=r"holds 2 cameras; pick one with camera_name=\.\.\.: 1, 2"):
        read(tmp_path, text)


def test_kalibr_and_numbers_by_themselves(tmp_path):
    kalibr = (
        "cam0:\n  cam_overlaps: [1]\n  camera_model: pinhole\n  distortion_coeffs: [-0.1, 0.02, 0.001, -0.002]\n"
        "  distortion_model: radtan\n  intrinsics: [1432.1, 1433.7, 650.3, 355.2]\n  resolution: [1280, 720]\n"
        "  rostopic: /cam0/image_raw\n  T_cam_imu:\n  - [1.0, 0.0, 0.0, 0.0]\n  - [0.0, 1.0, 0.0, 0.0]\n"
    )
    camera, _ = read(tmp_path, kalibr)
    np.testing.assert_array_equal(camera.K, K)
    np.testing.assert_array_equal(camera.distortion, D[:4])
    camera, _ = read(tmp_path, '{"focal_length": 1400, "k1": 0.1}')
    np.testing.assert_array_equal(camera.K, [[1400, 0, 640], [0, 1400, 360], [0, 0, 1]])
    np.testing.assert_array_equal(camera.distortion, [0.1, 0, 0, 0])


def test_matlab_unity_and_matrices_of_vectors(tmp_path):
    matlab = (
        '{"IntrinsicMatrix": [[1432.1,0,0],[0,1433.7,0],[650.3,355.2,1]], "RadialDistortion": [-0.1, 0.02, 0.003],'
        '"TangentialDistortion": [0.001, -0.002], "ImageSize": [720, 1280]}'
    )
    camera, warnings = read(tmp_path, matlab)
    np.testing.assert_array_equal(camera.K, K)
    np.testing.assert_array_equal(camera.distortion, D)
    assert "height, width" in warnings[0]
    unity = '{"Camera": {"FocalLength": {"X": 1432.1, "Y": 1433.7}, "PrincipalPoint": {"X": 650.3, "Y": 355.2}}}'
    np.testing.assert_array_equal(read(tmp_path, unity)[0].K, K)
    text = opencv_yaml_1_0(K, D, WIDE, POSE[0], POSE[1][:, None])
    assert text.count("rows: 3\n   cols: 1\n   dt: d") == 1
    camera, _ = read(tmp_path, text.replace("rows: 3\n   cols: 1\n   dt: d", 'rows: 1\n   cols: 1\n   dt: "3d"'))
    np.testing.assert_allclose(camera.t_camera_world, POSE[1])


def test_names_sections_and_nearly_names(tmp_path):
    two = anipose(K, D, WIDE, *POSE).replace("[metadata]", "") + pose2sim(
        2 * K - [[0, 0, 650.3], [0, 0, 355.2], [0, 0, 1]], D, WIDE, *POSE, "left"
    )
    for name, fx in (("A", K[0, 0]), ("cam_0", K[0, 0]), ("left", 2 * K[0, 0])):
        assert read(tmp_path, two, name)[0].K[0, 0] == fx
    with pytest.raises(InputError, match="its cameras are A, left; did you mean left"):
        read(tmp_path, two, "lefd")
    twice = anipose(K, D, WIDE, *POSE) + anipose(K, D, WIDE, *POSE).replace("cam_0", "cam_1").replace("[metadata]", "")
    with pytest.raises(InputError, match=r"camera_name=A is 2 cameras .* pick one of cam_0, cam_1"):
        read(tmp_path, twice, "A")
    assert read(tmp_path, twice, "cam_1")[0].calibrated


def test_what_is_found_and_what_is_wanted_is_named(tmp_path):
    with pytest.raises(InputError, match=r"found cam_1, .*did you mean matrix instead of matirx"):
        read(tmp_path, pose2sim(K, D, WIDE, *POSE).replace("matrix =", "matirx ="))
    with pytest.raises(InputError, match=r"holds no camera.*found fps, frames"):
        read(tmp_path, '{"fps": 30, "frames": [1, 2]}')
    with pytest.raises(InputError, match="has a translation only; a camera with a pose has a rotation besides"):
        read(tmp_path, pose2sim(K, D, WIDE, *POSE).replace("rotation =", "turned ="))
    with pytest.raises(InputError, match="dist_01 has 3 numbers, but should have 5 x 1"):
        text = flat_and_numbered(K, D[:3, None], WIDE, *POSE)
        read(tmp_path, text.replace("rows: 3\n   cols: 1", "rows: 5\n   cols: 1", 1))


def test_height_before_width_is_read_by_the_principal_point(tmp_path):
    camera, warnings = read(tmp_path, pose2sim(K, D, WIDE[::-1], *POSE))
    np.testing.assert_array_equal(camera.K, K)
    assert "height, width" in warnings[0]


def test_the_file_may_name_its_unit(tmp_path):
    R, t = POSE
    for unit, factor in (("mm", 1000), ("cm", 100), ("m", 1), ("Millimeters", 1000)):
        camera, warnings = read(tmp_path, pose2sim(K, D, WIDE, R, t * factor) + f'unit = "{unit}"\n')
        np.testing.assert_allclose(camera.t_camera_world, t, atol=1e-12)
        assert not warnings
    with pytest.raises(InputError, match="unit parsec is unknown; give m, cm or mm"):
        read(tmp_path, pose2sim(K, D, WIDE, R, t) + 'unit = "parsec"\n')


def test_yaml_that_could_grow_or_make_objects_does_neither(tmp_path):
    bomb = "a: &a [1, 1]\n" + "".join(f"b{i}: &b{i}\n  - *{'a' if i == 0 else f'b{i - 1}'}\n" for i in range(30))
    with pytest.raises(InputError, match="cannot be followed"):
        read(tmp_path, bomb)
    text = opencv_yaml_1_0(K, D, WIDE, *POSE).replace("flags: 2", "flags: !!python/object/apply:os.system [echo]")
    np.testing.assert_array_equal(read(tmp_path, text)[0].K, K)


def test_special_and_large_files_are_refused(tmp_path):
    for path, why in ((tmp_path, "a folder"), ("/dev/zero", "a device")):
        with pytest.raises(InputError, match=why):
            load_camera(path, None, WIDE)
    (tmp_path / "large.toml").write_bytes(b"#" * (5 << 20))
    with pytest.raises(InputError, match="the most that is read"):
        load_camera(tmp_path / "large.toml", None, WIDE)


FUZZ = """
import random, sys
from pathlib import Path
from motionrecon.cameras.files import load_camera
from motionrecon.errors import InputError
path, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
seeds = [p.read_bytes() for p in sorted(path.glob("seed*"))]
rng = random.Random(seed)
words = [b"9" * 400, b"[", b"]", b"{", b"}", b"-", b":", b"\\n", b"1e999", b"nan", b'"', b"&a", b"*a", b"<a>", b"#"]
target = path / "mutant"
class Quiet:
    def warn(self, text): assert text and "\\n" not in text, text
for _ in range(rounds):
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(4)
        if what == 0 and data: data[at % len(data)] = rng.randrange(256)
        elif what == 1: data[at:at] = rng.choice(words)
        elif what == 2: del data[at : at + rng.choice((1, 5, 60))]
        else: data[at:at] = data[at : at + 40]
    target.write_bytes(data)
    try: load_camera(target, None, (1280, 720), Quiet())
    except InputError as error: assert "\\n" not in str(error), str(error)
"""


def test_damaged_calibrations_are_read_or_refused_in_a_line(tmp_path):
    for i, write in enumerate(WRITERS):
        (tmp_path / f"seed{i:02d}").write_text(write(K, D, WIDE, *POSE))
    run = [
        sys.executable,
        "-P",
        "-W",
        "error",
        "-c",
        FUZZ,
        str(tmp_path),
        str(random.Random(4).randrange(10**6)),
        "1500",
    ]
    done = subprocess.run(run, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr[-2000:]
