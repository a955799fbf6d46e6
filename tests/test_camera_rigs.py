"""Calibrations of several cameras as tools write them: the same cameras, at the same places to each other."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from camera_texts import pose2sim, qualisys

from motionrecon.cameras.files import camera_names, camera_size, load_camera, load_rig
from motionrecon.errors import InputError

SIZE = (1280, 720)
K = np.array([[1000.0, 0, 640], [0, 1010.0, 355], [0, 0, 1]])
D = np.array([-0.1, 0.02, 0.001, -0.002, 0.0])
#: Three cameras about a person, in a Z-up world: rotations and translations, world to camera.
POSES = []
for place in ((3.2, -2.4, 1.3), (-2.9, -2.6, 1.5), (0.4, 4.1, 1.2)):
    ahead = np.array([0.0, 0.0, 0.9]) - place
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(ahead, right), ahead])
    POSES.append((R, -R @ np.array(place)))


def first_frame(poses):
    """The same poses in the frame of the first camera."""
    R0, t0 = poses[0]
    return [(R @ R0.T, t - R @ R0.T @ t0) for R, t in poses]


def _toml(poses, names, extra="", metadata="", scale=1.0):
    text = ""
    for (R, t), (section, name) in zip(poses, names, strict=True):
        rvec = cv2.Rodrigues(R)[0].ravel().tolist()
        text += (
            f"[{section}]\n{name}size = [{SIZE[0]}, {SIZE[1]}]\nmatrix = {K.tolist()}\ndistortions = {D.tolist()}\n"
            f"rotation = {rvec}\ntranslation = {(scale * np.asarray(t)).tolist()}\n{extra}\n"
        )
    return text + metadata


def anipose(poses):
    names = [(f"cam_{i}", f'name = "{name}"\n') for i, name in enumerate("ABC")]
    return _toml(poses, names, metadata="[metadata]\nadjusted = false\nerror = 0.3\n"), ["A", "B", "C"]


def freemocap(poses):
    names = [(f"cam_{i}", f'name = "Camera_{i:03d}_synchronized"\n') for i in range(3)]
    metadata = (
        '[metadata]\nadjusted = false\nerror = 0.0\ncharuco_square_size = 58.0\npath_to_recorded_videos = "x"\n'
        'groundplane_calibration = true\ndate_time_calibrated = "2026"\n'
    )
    extra = "world_position = [1.0, 2.0, 3.0]\nworld_orientation = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\nfisheye = false\n"
    return _toml(poses, names, extra, metadata, 1000.0), [f"Camera_{i:03d}_synchronized" for i in range(3)]


def caliscope_old(poses):
    names = [
        (f"cam_{i}", f"port = {i}\nrotation_count = 0\nerror = 0.3\nexposure = -4\nignore = false\n") for i in (1, 2, 3)
    ]
    head = "CreationDate = 2024-01-01\ncamera_count = 3\n[capture_volume]\nstage = 1\n[charuco]\ncolumns = 4\n"
    return head + _toml(poses, names), ["cam_1", "cam_2", "cam_3"]


def caliscope_new(poses):
    names = [(f"cameras.{i}", f"cam_id = {i}\nrotation_count = 0\nfisheye = false\n") for i in range(3)]
    return _toml(poses, names), ["0", "1", "2"]


def pose2sims(poses):
    names = ["cam_01", "cam_02", "cam_03"]
    parts = [pose2sim(K, D, SIZE, *pose, name=name) for pose, name in zip(poses, names, strict=True)]
    return "".join(part.partition("[metadata]")[0] for part in parts) + "[metadata]\nerror = 0.0\n", names


def qualisyss(poses):
    names = ["cam2", "cam10", "cam11"]
    parts = [qualisys(K, D, SIZE, *pose, name=name) for pose, name in zip(poses, names, strict=True)]
    cameras = "".join(part[part.index('<camera active="1"') : part.index("<camera model")] for part in reversed(parts))
    return f'<calibration type="regular"><cameras>{cameras}</cameras></calibration>', names


def easymocap_as_one(poses):
    f = cv2.FileStorage(".yml", cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    for i, (R, t) in enumerate(poses):
        f.write(f"K_0{i}", K)
        f.write(f"dist_0{i}", D.reshape(1, 5))
        f.write(f"R_0{i}", cv2.Rodrigues(R)[0])
        f.write(f"Rot_0{i}", R)
        f.write(f"T_0{i}", np.reshape(t, (3, 1)))
    return f.releaseAndGetString(), ["00", "01", "02"]


def kalibr(poses):
    text, before = "", None
    for i, (R, t) in enumerate(first_frame(poses)):
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = R, t
        text += (
            f"cam{i}:\n  camera_model: pinhole\n  distortion_coeffs: {D[:4].tolist()}\n  distortion_model: radtan\n"
            f"  intrinsics: [1000.0, 1010.0, 640.0, 355.0]\n  resolution: [1280, 720]\n  rostopic: /cam{i}/image\n"
        )
        if before is not None:
            rows = (pose @ np.linalg.inv(before)).tolist()
            text += "  T_cn_cnm1:\n" + "".join(f"  - {row}\n" for row in rows)
        before = pose
    return text, ["cam0", "cam1", "cam2"]


def ours_in_json(poses):
    cameras = {
        name: {"K": K.tolist(), "dist": D.tolist(), "size": SIZE, "R": R.tolist(), "T": list(t)}
        for name, (R, t) in zip(("left", "right", "back"), poses, strict=True)
    }
    return json.dumps({"cameras": cameras}), ["left", "right", "back"]


def relative(cameras):
    """Where each camera is in the axes of the first."""
    R0, t0 = cameras[0].R_camera_world, cameras[0].t_camera_world
    turned = [c.R_camera_world @ R0.T for c in cameras]
    return turned, [c.t_camera_world - R @ t0 for c, R in zip(cameras, turned, strict=True)]


def written(folder: Path, text: str, name: str = "rig.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


class Told:
    def __init__(self):
        self.texts = []

    def warn(self, text):
        self.texts.append(text)


WORLD = (anipose, freemocap, caliscope_old, caliscope_new, pose2sims, qualisyss, easymocap_as_one, ours_in_json)


@pytest.mark.parametrize("write", [*WORLD, kalibr], ids=lambda write: write.__name__)
def test_every_tool_writes_the_same_rig(tmp_path, write) -> None:
    text, names = write(POSES)
    path, told = written(tmp_path, text), Told()
    assert camera_names(path) == names
    cameras, posed = load_rig(path, names, [SIZE] * 3, told)
    assert posed
    for camera in cameras:
        np.testing.assert_allclose(camera.K, K, atol=1e-9)
        np.testing.assert_allclose(camera.distortion[:4], D[:4], atol=1e-12)
    turned, moved = relative(cameras)
    for R, t, (R_true, t_true) in zip(turned, moved, first_frame(POSES), strict=True):
        np.testing.assert_allclose(R, R_true, atol=1e-6)
        np.testing.assert_allclose(t, t_true, atol=1e-6)
    if write is not kalibr:
        assert not told.texts and all(camera.calibrated for camera in cameras)
        np.testing.assert_allclose(cameras[1].t_camera_world, POSES[1][1], atol=1e-6)
    some, _ = load_rig(path, names[:0:-1], [SIZE] * 2)  # two of them, the other way round
    np.testing.assert_allclose(np.linalg.norm(some[0].eye - some[1].eye), np.linalg.norm(_eye(1) - _eye(2)), atol=1e-6)


def _eye(i: int) -> np.ndarray:
    R, t = POSES[i]
    return -R.T @ t


@pytest.mark.parametrize("write", [anipose, freemocap, caliscope_new, pose2sims, kalibr], ids=lambda w: w.__name__)
def test_a_rig_in_the_frame_of_its_first_camera(tmp_path, write) -> None:
    text, names = write(first_frame(POSES))
    told = Told()
    cameras, posed = load_rig(written(tmp_path, text), names, [SIZE] * 3, told)
    assert posed and not any(camera.calibrated for camera in cameras)
    assert len(told.texts) == 1 and "in one camera's own frame, whose up and floor nobody knows" in told.texts[0]
    for R, t, (R_true, t_true) in zip(*relative(cameras), first_frame(POSES), strict=True):
        np.testing.assert_allclose(R, R_true, atol=1e-6)
        np.testing.assert_allclose(t, t_true, atol=1e-6)
    np.testing.assert_allclose(cameras[0].eye, 0, atol=1e-9)


def stereo(suffix, names, scale=1.0):
    R, t = first_frame(POSES)[1]
    f = cv2.FileStorage(suffix, cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    f.write("image_width", SIZE[0])
    f.write("image_height", SIZE[1])
    for i, name in enumerate(names):
        f.write(name.format("cameraMatrix"), K + np.diag([i, 0, 0]))
        f.write(name.format("distCoeffs"), D.reshape(1, 5))
    f.write("R", R)
    f.write("T", scale * np.reshape(t, (3, 1)))
    for name in ("E", "F", "R1", "R2"):
        f.write(name, np.eye(3))
    for name in ("P1", "P2"):
        f.write(name, np.eye(3, 4))
    f.write("Q", np.eye(4))
    return f.releaseAndGetString()


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
@pytest.mark.parametrize("names", [("{}1", "{}2"), ("{}_left", "{}_right"), ("{}_r", "{}_l"), ("left_{}", "right_{}")])
def test_a_pair_of_opencv(tmp_path, suffix, names) -> None:
    path = written(tmp_path, stereo(suffix, names))
    known = camera_names(path)
    second = next(name for name in known if name in ("2", "right", "r"))
    first = next(name for name in known if name != second)
    cameras, posed = load_rig(path, [first, second], [SIZE] * 2)
    assert posed and not any(camera.calibrated for camera in cameras)
    turned, moved = relative(cameras)
    R, t = first_frame(POSES)[1]
    np.testing.assert_allclose(turned[1], R, atol=1e-6)
    np.testing.assert_allclose(moved[1], t, atol=1e-6)
    assert camera_size(path, first) == SIZE
    assert not load_camera(path, second, SIZE).calibrated


def test_a_pair_in_sections_with_one_pose_beside_them(tmp_path) -> None:
    R, t = first_frame(POSES)[1]
    camera = {"K": K.tolist(), "D": D.tolist()}
    tree = {"left": camera, "right": camera, "R": R.tolist(), "T": t.tolist(), "rms": 0.4}
    cameras, posed = load_rig(written(tmp_path, json.dumps(tree)), ["left", "right"], [SIZE] * 2)
    assert posed
    np.testing.assert_allclose(relative(cameras)[1][1], t, atol=1e-6)


def test_three_cameras_with_one_pose_beside_them_are_not_placed(tmp_path) -> None:
    camera = {"K": K.tolist()}
    tree = {"a": camera, "b": camera, "c": camera, "R": np.eye(3).tolist(), "T": [1, 0, 0]}
    assert not load_rig(written(tmp_path, json.dumps(tree)), ["a", "b"], [SIZE] * 2)[1]


def test_millimetres_are_noticed_between_cameras(tmp_path) -> None:
    names = ["A", "B"]
    path = written(tmp_path, _toml([(R, 1500 * t) for R, t in first_frame(POSES)[:2]], [("A", ""), ("B", "")]))
    with pytest.raises(InputError, match=r"camera A of .* and camera B of .* stand .* m from each other; it is prob"):
        load_rig(path, names, [SIZE] * 2)
    path.write_text('unit = "mm"\n' + path.read_text())
    assert load_rig(path, names, [SIZE] * 2)[1]
    told = Told()
    path.write_text(path.read_text().replace("mm", "cm"))
    load_rig(path, names, [SIZE] * 2, told)
    assert "if that is not so, it is probably in" in told.texts[0]
    told = Told()
    near = [(R, 0.001 * t) for R, t in first_frame(POSES)[:2]]
    load_rig(written(tmp_path, _toml(near, [("A", ""), ("B", "")])), names, [SIZE] * 2, told)
    assert "stand in one place (" in told.texts[0]


def test_a_camera_has_one_video(tmp_path) -> None:
    text, _ = pose2sims(POSES)
    with pytest.raises(InputError, match=r"camera cam_01 of .*rig.txt is given for several videos; give each"):
        load_rig(written(tmp_path, text), ["cam_01", "cam_01"], [SIZE] * 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({"intrinsicMat": [1.0]}), "is not text, but a Python pickle .*OpenCap.*convert it with Pose2Sim"),
        (b"PK\x03\x04\x14\0\0\0", r"is not text, but an archive \(such as NumPy's \.npz\): write its matrices"),
        (b"\x93NUMPY\x01\0v\0", "but a NumPy array"),
        (b"MATLAB 5.0 MAT-file, Platform", "but MATLAB's"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_first_bytes(tmp_path, content, said) -> None:
    path = tmp_path / "cameraIntrinsicsExtrinsics.pickle"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        camera_names(path)
