"""The files of the demo clip agree with each other and with physics. Needs neither Anny nor a renderer."""

import tomllib

import av
import numpy as np
import pytest

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.core.files import sha256
from motionrecon.data.clips import CAMERA, demo_clip

GRAVITY = 9.81


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    with np.load(demo_clip().truth, allow_pickle=False) as file:
        return dict(file)


def joint(truth: dict[str, np.ndarray], name: str) -> np.ndarray:
    return truth["joints"][:, landmarks.INDEX[name]]


def camera(truth: dict[str, np.ndarray]) -> Pinhole:
    width, height = (int(n) for n in truth["image_size"])
    return Pinhole(truth["camera_K"], (width, height), truth["camera_R"], truth["camera_t"], calibrated=True)


def test_the_files_are_those_that_the_recipe_wrote() -> None:
    sums = tomllib.loads((demo_clip().video.parent / "sha256.toml").read_text())
    assert sums == {path.name: sha256(path) for path in demo_clip()}
    assert sum(path.stat().st_size for path in demo_clip()) < 1.5e6


def test_the_video_has_the_size_rate_and_length_of_the_truth(truth: dict[str, np.ndarray]) -> None:
    with av.open(str(demo_clip().video)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == tuple(truth["image_size"])
        assert float(stream.average_rate or 0) == truth["fps"]
        assert sum(1 for _ in container.decode(stream)) == len(truth["joints"])
    np.testing.assert_allclose(np.diff(truth["time"]), 1 / truth["fps"])


def test_the_calibration_is_the_camera_of_the_truth(truth: dict[str, np.ndarray]) -> None:
    from scipy.spatial.transform import Rotation

    read = tomllib.loads(demo_clip().camera.read_text())[CAMERA]
    np.testing.assert_allclose(read["matrix"], truth["camera_K"])
    np.testing.assert_allclose(Rotation.from_rotvec(read["rotation"]).as_matrix(), truth["camera_R"], atol=1e-9)
    np.testing.assert_allclose(read["translation"], truth["camera_t"])
    assert read["size"] == list(truth["image_size"])


def test_the_whole_person_is_seen_upright_in_every_frame(truth: dict[str, np.ndarray]) -> None:
    assert tuple(truth["joint_names"]) == landmarks.NAMES
    assert truth["tracked"].all()
    pixels = camera(truth).project(truth["joints"])
    assert (pixels > 0).all()
    assert (pixels < truth["image_size"]).all()
    assert (pixels[:, landmarks.INDEX["nose"], 1] + 200 < pixels[:, landmarks.INDEX["left_heel"], 1]).all()


def test_the_picture_shows_the_person_where_the_truth_says(truth: dict[str, np.ndarray]) -> None:
    """Red shirt at the chest, dark blue trousers at the knees, in every frame."""
    pixels = camera(truth).project(truth["joints"])
    shoulders = [landmarks.INDEX[f"{side}_shoulder"] for side in ("left", "right")]
    hips = [landmarks.INDEX[f"{side}_hip"] for side in ("left", "right")]
    chest = 0.65 * pixels[:, shoulders].mean(1) + 0.35 * pixels[:, hips].mean(1)
    knee = pixels[:, landmarks.INDEX["left_knee"]]
    with av.open(str(demo_clip().video)) as container:
        for frame, at_chest, at_knee in zip(container.decode(video=0), chest, knee, strict=True):
            image = frame.to_ndarray(format="rgb24").astype(int)
            red, green, blue = _patch(image, at_chest)
            assert red > 2 * max(green, blue)
            red, green, blue = _patch(image, at_knee)
            assert blue > 1.3 * red


def _patch(image: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    u, v = np.round(pixel).astype(int)
    return np.asarray(image[v - 3 : v + 4, u - 3 : u + 4].mean((0, 1)))


def test_bones_keep_their_length(truth: dict[str, np.ndarray]) -> None:
    for side in ("left", "right"):
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "heel")):
            length = np.linalg.norm(joint(truth, f"{side}_{a}") - joint(truth, f"{side}_{b}"), axis=1)
            assert np.ptp(length) < 1e-4
    assert 1.7 < truth["height"] < 1.85


def test_feet_stay_on_the_floor_and_do_not_slide(truth: dict[str, np.ndarray]) -> None:
    feet = np.stack(
        [joint(truth, f"{side}_{end}") for side in ("left", "right") for end in ("heel", "foot_index")], axis=1
    )
    assert feet[..., 2].min() > -0.01
    assert feet[..., 2].min(1).max() < 0.06
    loaded = truth["contact_force"][:, :, 2] > 0.3 * truth["mass"] * GRAVITY
    for foot, side in enumerate(("left", "right")):
        assert str(truth["contact_names"][foot]) == f"{side}_foot"
        both = loaded[1:, foot] & loaded[:-1, foot]
        lower = feet[:, 2 * foot : 2 * foot + 2]
        speed = np.linalg.norm(np.diff(lower[..., :2], axis=0), axis=2).min(1) * truth["fps"]
        assert both.sum() > 10
        assert np.median(speed[both]) < 0.1


def test_the_floor_carries_the_weight_and_accelerates_the_body(truth: dict[str, np.ndarray]) -> None:
    """The force of a frame is a mean around it: its trapezoidal sum is the change of momentum."""
    force, fps = truth["contact_force"].sum(1), truth["fps"]
    impulse = (force[1:] + force[:-1]).sum(0) / 2 / fps
    duration = (len(force) - 1) / fps
    momentum = truth["mass"] * (truth["com_velocity"][-1] - truth["com_velocity"][0])
    weight = float(truth["mass"] * GRAVITY * duration)
    assert impulse[2] == pytest.approx(float(momentum[2]) + weight, rel=0.03)
    np.testing.assert_allclose(impulse[:2], momentum[:2], atol=0.02 * weight)
    travelled = (truth["com_velocity"][1:] + truth["com_velocity"][:-1]).sum(0) / 2 / fps
    np.testing.assert_allclose(travelled, truth["com"][-1] - truth["com"][0], atol=0.02)
    assert (truth["contact_force"][..., 2] >= 0).all()
