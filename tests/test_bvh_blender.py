"""BVH files in Blender itself, imported with its default settings."""

from __future__ import annotations

import numpy as np
import pytest
from blendering import in_blender, to_blender
from motions import walking
from test_bvh import ENDS, HEADS

from motionrecon.core.landmarks import INDEX
from motionrecon.export import export
from motionrecon.result.motion import Motion

FPS = 30000 / 1001


@pytest.fixture(scope="module")
def motion() -> Motion:
    return walking(40, FPS)


@pytest.fixture(scope="module")
def blender(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What Blender made of the motion's BVH."""
    folder = tmp_path_factory.mktemp("blender")
    export(motion, folder / "walk.bvh", origin="world")
    in_blender("blender_read_bvh.py", folder / "walk.bvh", folder / "bones.npz")
    with np.load(folder / "bones.npz") as file:
        return dict(file)


def test_bones_agree_with_the_joints_to_a_millimetre(motion: Motion, blender: dict[str, np.ndarray]) -> None:
    names = list(blender["names"])
    for key, bones in (("heads", HEADS), ("tails", ENDS)):
        for bone, landmark in bones.items():
            wanted = to_blender(motion.joints[:, INDEX[landmark]])
            error = np.linalg.norm(blender[key][:, names.index(bone)] - wanted, axis=-1).max()
            assert error < 1e-3, f"{bone} is {1e3 * error:.2f} mm from {landmark}"


def test_the_person_stands_upright_at_true_size(blender: dict[str, np.ndarray]) -> None:
    names = list(blender["names"])
    heads, tails = blender["heads"], blender["tails"]
    for pose in (heads, blender["rest_heads"][None]):
        assert (pose[:, names.index("Head"), 2] > pose[:, names.index("Hips"), 2] + 0.5).all()
    feet = [names.index("LeftToeBase"), names.index("RightToeBase")]
    assert np.abs(blender["rest_tails"][feet, 2]).max() < 0.03, "the rest pose does not stand on the floor"
    top = tails[:, names.index("Head"), 2]
    assert 1.5 < np.median(top) < 1.8


def test_the_length_in_seconds_is_right(motion: Motion, blender: dict[str, np.ndarray]) -> None:
    frames = len(blender["heads"])  # of the action that the import made
    assert frames / blender["scene_fps"] == pytest.approx(len(motion) / FPS, rel=1e-4)
    assert blender["scene_frames"] >= frames, "the timeline stops before the motion does"
    assert blender["long_scene_end"] == 250, "README says that Blender never shortens a scene"
    hips = blender["heads"][:, list(blender["names"]).index("Hips")]
    assert hips[0, 1] - hips[-1, 1] == pytest.approx(1.2 * 39 / FPS, abs=1e-3), "the root's travel"
