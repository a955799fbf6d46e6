"""GLB, .blend and FBX files in Blender itself, and the motion on other people's characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from blendering import blenders_python, in_blender, read_in_blender, to_blender
from motions import walking
from test_bvh import HEADS

from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.errors import InputError, OutputError
from motionrecon.export import export
from motionrecon.export.blender.characters import KNOWN
from motionrecon.export.blender.run import VARIABLE, blender
from motionrecon.result.motion import Motion

FRAMES, FPS = 20, 24.0


@pytest.fixture(scope="module")
def motion() -> Motion:
    return walking(FRAMES, FPS)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The Blender of the tests is the one that motionrecon finds."""
    if "alone" not in request.keywords:
        monkeypatch.setenv(VARIABLE, blenders_python())


def assert_it_moves_as_the_person(found: dict[str, np.ndarray], motion: Motion) -> None:
    """Bones on the joints, within a millimetre, and the skin on the floor and as high as the person."""
    names = list(found["names"])
    assert len(found["heads"]) == len(motion)
    for bone, landmark in HEADS.items():
        wanted = to_blender(motion.joints[:, INDEX[landmark]])
        error = np.linalg.norm(found["heads"][:, names.index(bone)] - wanted, axis=-1).max()
        assert error < 1e-3, f"{bone} is {1e3 * error:.2f} mm from {landmark}"
    skin = to_blender(motion.body.surface.at(pose(motion.model, motion.qpos)))
    for ends, wanted in ((found["lowest"], skin.min(1)), (found["highest"], skin.max(1))):
        assert np.abs(ends - wanted).max() < 2e-3
    feet = found["rest"][[names.index("LeftToeBase"), names.index("RightToeBase")]]
    assert np.abs(feet[:, 2]).max() < 0.04, "the rest pose does not stand on the floor"


def test_blender_reads_the_glb(tmp_path: Path) -> None:
    motion = walking(FRAMES, 30.0)  # the rate of the scene that reads it: the format has seconds
    export(motion, tmp_path / "walk.glb", origin="world")
    assert_it_moves_as_the_person(read_in_blender(tmp_path / "walk.glb"), motion)


@pytest.mark.parametrize("suffix", [".blend", ".fbx"])
def test_blender_writes_a_scene_and_reads_it_back(tmp_path: Path, motion: Motion, suffix: str) -> None:
    export(motion, tmp_path / f"walk{suffix}", origin="world")
    assert [path.name for path in tmp_path.iterdir()] == [f"walk{suffix}"]
    found = read_in_blender(tmp_path / f"walk{suffix}")
    assert_it_moves_as_the_person(found, motion)
    assert found["fps"] == FPS
    if suffix == ".blend":
        assert found["scene"].tolist() == found["range"].tolist() == [0, FRAMES - 1]
        assert {"Person", "Armature", "Floor", "Camera"} <= set(found["objects"])


@pytest.mark.parametrize("facing", [0.0, 140.0])
def test_the_camera_sees_the_persons_front(tmp_path: Path, motion: Motion, facing: float) -> None:
    export(motion, tmp_path / "walk.blend", facing=facing)
    found = read_in_blender(tmp_path / "walk.blend")
    names = list(found["names"])
    hips = [found["heads"][:, names.index(f"{side}UpLeg")] for side in ("Left", "Right")]
    looks = np.cross((hips[0] - hips[1]).mean(0), [0.0, 0.0, 1.0])
    before = found["camera"] - found["heads"][:, names.index("Hips")].mean(0)
    cosine = before[:2] @ looks[:2] / np.linalg.norm(before[:2]) / np.linalg.norm(looks[:2])
    assert cosine == pytest.approx(np.cos(np.radians(41)), abs=0.1)


def directions(found: dict[str, np.ndarray], start: str, end: str) -> np.ndarray:
    names = list(found["names"])
    away = found["heads"][:, names.index(end)] - found["heads"][:, names.index(start)]
    return away / np.linalg.norm(away, axis=-1, keepdims=True)


@pytest.mark.parametrize(("kind", "suffix", "output"), [("mixamo", ".fbx", ".fbx"), ("rigify", ".blend", ".blend")])
def test_a_character_moves_as_the_person(tmp_path: Path, motion: Motion, kind: str, suffix: str, output: str) -> None:
    """One that stands in an A pose, with other proportions: its limbs point where the person's do, at every frame."""
    character = tmp_path / f"character{suffix}"
    in_blender("blender_character.py", kind, character)
    before = character.read_bytes()
    export(motion, tmp_path / f"walk{output}", character=character)
    assert character.read_bytes() == before
    found = read_in_blender(tmp_path / f"walk{output}")
    assert len(found["heads"]) == FRAMES and found["fps"] == FPS
    for side in ("Left", "Right"):
        s = side.lower()
        for a, b, start, end in (
            ("UpLeg", "Leg", "hip", "knee"), ("Leg", "Foot", "knee", "ankle"), ("Arm", "ForeArm", "shoulder", "elbow"),
            ("ForeArm", "Hand", "elbow", "wrist"),
        ):  # fmt: skip
            away = to_blender(motion.joints[:, INDEX[f"{s}_{end}"]] - motion.joints[:, INDEX[f"{s}_{start}"]])
            away /= np.linalg.norm(away, axis=-1, keepdims=True)
            names = [f"mixamorig1:{side}{bone}" if kind == "mixamo" else deforming(f"{side}{bone}") for bone in (a, b)]
            assert (directions(found, *names) * away).sum(-1).min() > 0.9999, f"{side}{a}"


def deforming(bone: str) -> str:
    """The bone of a Rigify rig that follows one of its controls."""
    control, dot, side = KNOWN["Rigify"][bone].rpartition(".")
    return f"DEF-{control.removesuffix('_fk')}{dot}{side}"


def test_a_character_that_cannot_be_used_is_one_line(tmp_path: Path, motion: Motion) -> None:
    in_blender("blender_character.py", "unknown", tmp_path / "strange.blend")
    (tmp_path / "notes.txt").write_text("")
    for name, said in (
        ("strange.blend", "its bones are not called as those of Rigify, Mixamo"),
        ("none.fbx", "there is no such file"),
        ("notes.txt", r"give a \.blend"),
    ):
        with pytest.raises(InputError, match=f"character=.*{said}"):
            export(motion, tmp_path / "walk.blend", character=tmp_path / name)
    with pytest.raises(InputError, match="preset=mixamo is about motionrecon's own person"):
        export(motion, tmp_path / "walk.blend", character=tmp_path / "strange.blend", preset="mixamo")
    assert not (tmp_path / "walk.blend").exists()


@pytest.mark.alone
def test_without_blender_it_says_what_to_do(tmp_path: Path, motion: Motion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    if blender() is not None:
        pytest.skip("Blender is at its usual place here")
    with pytest.raises(OutputError, match=rf"walk\.fbx: a \.fbx file needs Blender.*{VARIABLE}.*\*\.glb"):
        export(motion, tmp_path / "walk.fbx")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "blender"))
    with pytest.raises(InputError, match="there is no such program"):
        export(motion, tmp_path / "walk.fbx")
    assert not list(tmp_path.iterdir())
