"""BVH files in Blender itself, imported with its default settings.

Blender's Python module pins an old numpy, so it lives in an environment of its own: MOTIONRECON_BPY_PYTHON names the
Python of that environment (``pip install "bpy==4.5.*"`` for Python 3.11).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from motions import walking
from support import require
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
    python = os.environ.get("MOTIONRECON_BPY_PYTHON", "")
    require(python and Path(python).exists(), "Blender's Python (MOTIONRECON_BPY_PYTHON)")
    folder = tmp_path_factory.mktemp("blender")
    export(motion, folder / "walk.bvh", origin="world")
    script = Path(__file__).with_name("blender_read_bvh.py")
    command = [python, str(script), str(folder / "walk.bvh"), str(folder / "bones.npz")]
    # A clean environment: ours has a numpy that Blender's Python cannot load.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(folder / "bones.npz") as file:
        return dict(file)


def to_blender(points: np.ndarray) -> np.ndarray:
    """World (x, y, z) as Blender's defaults place it: (y, -x, z)."""
    return np.stack([points[..., 1], -points[..., 0], points[..., 2]], -1)


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
