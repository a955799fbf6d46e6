"""GLB files: by the Khronos validator, and by the format's own arithmetic against the body's surface."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motions import walking
from scipy.spatial.transform import Rotation
from support import require

from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.export import export
from motionrecon.export.presets import PRESETS

#: Of glTF's numbers of types and names of shapes.
TYPES = {5126: np.float32, 5125: np.uint32, 5123: np.uint16}
SHAPES = {"SCALAR": (), "VEC3": (3,), "VEC4": (4,), "MAT4": (4, 4)}

#: Runs Khronos's validator on a file and prints its report.
VALIDATE = """
const validator = require(process.argv[1]), fs = require("fs");
validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[2]))).then(
    report => console.log(JSON.stringify(report.issues)));
"""


def parse(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The table of contents and the arrays, from the format's definition."""
    content = path.read_bytes()
    assert struct.unpack("<4sII", content[:12]) == (b"glTF", 2, len(content))
    size, kind = struct.unpack("<I4s", content[12:20])
    assert kind == b"JSON"
    document = json.loads(content[20 : 20 + size])
    data = content[28 + size :]
    arrays = []
    for accessor in document["accessors"]:
        start = document["bufferViews"][accessor["bufferView"]]["byteOffset"]
        shape = (accessor["count"], *SHAPES[accessor["type"]])
        numbers = np.frombuffer(data, TYPES[accessor["componentType"]], int(np.prod(shape)), start)
        arrays.append(numbers.reshape(shape))
    return document, arrays


def globals_at(document: dict[str, Any], arrays: list[np.ndarray], frame: int | None) -> np.ndarray:
    """World matrices of all nodes in a frame, or at rest."""
    local = []
    for node in document["nodes"]:
        matrix = np.eye(4)
        matrix[:3, 3] = node.get("translation", [0, 0, 0])
        local.append(matrix)
    animation = document["animations"][0]
    for channel in animation["channels"] if frame is not None else []:
        value = arrays[animation["samplers"][channel["sampler"]]["output"]][frame]
        target = channel["target"]
        if target["path"] == "rotation":
            local[target["node"]][:3, :3] = Rotation.from_quat(value).as_matrix()
        else:
            local[target["node"]][:3, 3] = value
    found = [np.eye(4)] * len(local)

    def walk(i: int, above: np.ndarray) -> None:
        found[i] = above @ local[i]
        for child in document["nodes"][i].get("children", []):
            walk(child, found[i])

    for root in document["scenes"][0]["nodes"]:
        walk(root, np.eye(4))
    return np.array(found)


def skinned(document: dict[str, Any], arrays: list[np.ndarray], frame: int) -> np.ndarray:
    """The mesh in a frame, as the format says that it is bent."""
    mesh = document["meshes"][0]["primitives"][0]["attributes"]
    skin = document["skins"][0]
    inverse = arrays[skin["inverseBindMatrices"]].transpose(0, 2, 1)
    joints = globals_at(document, arrays, frame)[skin["joints"]] @ inverse
    vertices = np.column_stack([arrays[mesh["POSITION"]], np.ones(len(arrays[mesh["POSITION"]]))])
    bent = np.einsum("vk,vkij,vj->vi", arrays[mesh["WEIGHTS_0"]], joints[arrays[mesh["JOINTS_0"]]], vertices)
    return bent[:, :3]


@pytest.mark.parametrize("preset", ["blender", "mixamo", "unreal"])
def test_the_skin_is_the_persons_surface_in_every_frame(tmp_path: Path, preset: str) -> None:
    motion = walking(4)
    export(motion, tmp_path / "walk.glb", preset=preset, origin="world")
    document, arrays = parse(tmp_path / "walk.glb")
    wanted = motion.body.surface.at(pose(motion.model, motion.qpos))
    for t in range(4):
        np.testing.assert_allclose(skinned(document, arrays, t) @ PRESETS["blender"].axes, wanted[t], atol=1e-5)
    rest = arrays[document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    assert abs(rest[:, 1].min()) < 1e-3, "the rest pose does not stand on the floor"
    assert rest[:, 1].max() > 1.6


def test_bones_are_on_joints_at_the_right_time(tmp_path: Path) -> None:
    motion = walking(31)
    export(motion, tmp_path / "walk.glb", origin="world", fps=24.0)
    document, arrays = parse(tmp_path / "walk.glb")
    time = arrays[document["animations"][0]["samplers"][0]["input"]]
    np.testing.assert_allclose(time, np.arange(25) / 24, atol=1e-6)
    names = [node["name"] for node in document["nodes"]]
    for t, frame in ((0, 0), (12, 15), (24, 30)):
        heads = globals_at(document, arrays, t)[:, :3, 3] @ PRESETS["blender"].axes
        for bone, landmark in (("LeftLeg", "left_knee"), ("RightForeArm", "right_elbow")):
            np.testing.assert_allclose(heads[names.index(bone)], motion.joints[frame, INDEX[landmark]], atol=1e-4)


def test_a_turn_never_goes_the_long_way_round(tmp_path: Path) -> None:
    motion = walking(60)
    motion.qpos[:, 3:7] = Rotation.from_euler("Z", np.linspace(0, 800, 60)[:, None], degrees=True).as_quat(
        scalar_first=True
    )
    export(motion, tmp_path / "turn.glb")
    document, arrays = parse(tmp_path / "turn.glb")
    for sampler, channel in zip(*(document["animations"][0][k] for k in ("samplers", "channels")), strict=True):
        if channel["target"]["path"] == "rotation":
            turns = arrays[sampler["output"]]
            assert ((turns[1:] * turns[:-1]).sum(1) > 0).all()


def test_frames_in_which_nobody_was_seen_are_listed(tmp_path: Path) -> None:
    motion = walking(5)
    motion.tracked[[1, 4]] = False
    export(motion, tmp_path / "walk.glb")
    assert parse(tmp_path / "walk.glb")[0]["animations"][0]["extras"] == {"fps": 30.0, "unseen": [1, 4]}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("frames", [1, 8])
def test_khronoss_validator_finds_nothing(tmp_path: Path, preset: str, frames: int) -> None:
    validator = os.environ.get("MOTIONRECON_GLTF_VALIDATOR", "")  # the folder of npm's package gltf-validator
    require(shutil.which("node") and Path(validator, "package.json").is_file(), "Khronos's glTF validator")
    export(walking(frames), tmp_path / "walk.glb", preset=preset)
    done = subprocess.run(
        ["node", "-e", VALIDATE, validator, str(tmp_path / "walk.glb")], capture_output=True, text=True, check=True
    )
    issues = json.loads(done.stdout)
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]
