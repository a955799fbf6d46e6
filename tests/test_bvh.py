"""BVH files, read by a small parser of our own: forward kinematics of what was written gives the motion's joints."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motions import body, kinematic, walking
from scipy.spatial.transform import Rotation

from motionrecon.cli import main
from motionrecon.core.euler import continuous
from motionrecon.core.files import atomic
from motionrecon.core.landmarks import INDEX
from motionrecon.errors import InputError, OutputError
from motionrecon.export import FORMATS, Format, export
from motionrecon.export.presets import PRESETS
from motionrecon.result.motion import Motion

#: Bone heads that must lie on landmarks.
HEADS = {
    f"{side.capitalize()}{bone}": f"{side}_{joint}"
    for side in ("left", "right")
    for bone, joint in (
        *(("Arm", "shoulder"), ("ForeArm", "elbow"), ("Hand", "wrist")),
        *(("UpLeg", "hip"), ("Leg", "knee"), ("Foot", "ankle")),
    )
}
#: Ends of bones without children that must lie on landmarks.
ENDS = {"LeftToeBase": "left_foot_index", "RightToeBase": "right_foot_index"}


@dataclass
class Joint:
    name: str
    parent: int
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)
    end: np.ndarray | None = None


def parse(path: Path) -> tuple[list[Joint], float, np.ndarray]:
    """The joints, the frame time and the rows of channels of a BVH file, from the format's definition."""
    words = iter(path.read_text().split())
    assert next(words) == "HIERARCHY"
    joints: list[Joint] = []
    stack: list[int] = []
    in_end_site = False
    for word in words:
        if word in ("ROOT", "JOINT"):
            joints.append(Joint(next(words), stack[-1] if stack else -1))
        elif word == "End":
            assert next(words) == "Site"
            in_end_site = True
        elif word == "{":
            stack.append(stack[-1] if in_end_site else len(joints) - 1)
        elif word == "}":
            stack.pop()
            in_end_site = False
        elif word == "OFFSET":
            offset = np.array([float(next(words)) for _ in range(3)])
            if in_end_site:
                joints[-1].end = offset
            else:
                joints[-1].offset = offset
        elif word == "CHANNELS":
            joints[-1].channels = [next(words) for _ in range(int(next(words)))]
        elif word == "MOTION":
            break
    assert next(words) == "Frames:"
    frames = int(next(words))
    assert (next(words), next(words)) == ("Frame", "Time:")
    frame_time = float(next(words))
    return joints, frame_time, np.array(list(words), float).reshape(frames, -1)


def forward(joints: list[Joint], rows: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """World heads and ends, name -> (T, 3), in the file's axes."""
    heads, ends = {}, {}
    turned: list[Rotation] = []
    column = 0
    for joint in joints:
        values = dict(zip(joint.channels, rows[:, column : column + len(joint.channels)].T, strict=True))
        column += len(joint.channels)
        order = "".join(channel[0] for channel in joint.channels if channel.endswith("rotation"))
        angles = np.stack([values[f"{axis}rotation"] for axis in order], -1)
        local = Rotation.from_euler(order, angles, degrees=True)
        if joint.parent < 0:
            # Where the root is, in place of its offset: so Blender, Maya and MotionBuilder read it.
            heads[joint.name] = np.stack([values[f"{axis}position"] for axis in "XYZ"], -1)
            turned.append(local)
        else:
            heads[joint.name] = heads[joints[joint.parent].name] + turned[joint.parent].apply(joint.offset)
            turned.append(turned[joint.parent] * local)
        if joint.end is not None:
            ends[joint.name] = heads[joint.name] + turned[-1].apply(joint.end)
    assert column == rows.shape[1]
    return heads, ends


def to_file_axes(points: np.ndarray) -> np.ndarray:
    """World (x forward, y left, z up) to the file's (x left, y up, z forward)."""
    return points[..., [1, 2, 0]]


def assert_bones_on_joints(path: Path, joints: np.ndarray, tolerance: float) -> None:
    heads, ends = forward(*parse(path)[::2])
    found = {name: heads[name] for name in HEADS} | {name: ends[name] for name in ENDS}
    for name, landmark in (HEADS | ENDS).items():
        wanted = to_file_axes(joints[:, INDEX[landmark]])
        np.testing.assert_allclose(found[name], wanted, atol=tolerance, err_msg=f"{name} is not at {landmark}")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), reach=st.sampled_from([0.1, 1.0, 3.0]), frames=st.integers(1, 5))
def test_any_pose_survives_the_file(tmp_path: Path, seed: int, reach: float, frames: int) -> None:
    random = np.random.default_rng(seed)
    qpos = reach * random.standard_normal((frames, body().model.nq))
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    motion = kinematic(qpos)
    export(motion, tmp_path / "any.bvh", origin="world", force=True)  # hypothesis has one folder for all
    assert_bones_on_joints(tmp_path / "any.bvh", motion.joints, 1e-5)


def test_right_angles_survive_the_file(tmp_path: Path) -> None:
    """Every hinge at exactly 90 degrees: where ZXY angles lock."""
    qpos = np.full((2, body().model.nq), np.pi / 2)
    qpos[:, 3:7] = [[0.5, 0.5, 0.5, 0.5], [np.sqrt(0.5), 0, np.sqrt(0.5), 0]]
    motion = kinematic(qpos)
    export(motion, tmp_path / "locked.bvh", origin="world")
    assert_bones_on_joints(tmp_path / "locked.bvh", motion.joints, 1e-5)


def at_rest(path: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Heads and ends of the rest pose, name -> (3,), in the file's axes."""
    joints, _, _ = parse(path)
    rows = np.zeros((1, sum(len(joint.channels) for joint in joints)))
    rows[0, :3] = joints[0].offset
    return tuple({name: point[0] for name, point in points.items()} for points in forward(joints, rows))


def test_the_rest_pose_is_a_t_pose_on_the_floor_facing_z(tmp_path: Path) -> None:
    walking(3).to_bvh(tmp_path / "walk.bvh")
    at, ends = at_rest(tmp_path / "walk.bvh")
    np.testing.assert_array_equal(at["Hips"][[0, 2]], 0)
    assert 0.8 < at["Hips"][1] < 1.0 and 0.0 <= ends["LeftToeBase"][1] < 0.03
    for side, sign in (("Left", 1), ("Right", -1)):
        arm = at[f"{side}Hand"] - at[f"{side}Arm"]
        np.testing.assert_allclose(arm / np.linalg.norm(arm), [sign, 0, 0], atol=1e-6)
        leg = at[f"{side}Foot"] - at[f"{side}UpLeg"]
        np.testing.assert_allclose(leg / np.linalg.norm(leg), [0, -1, 0], atol=1e-6)
        toe = ends[f"{side}ToeBase"]
        assert at[f"{side}Foot"][2] + 0.05 < at[f"{side}ToeBase"][2] < toe[2], "heel, ball and toe are not in order"
        assert toe[1] < at[f"{side}Foot"][1]
    assert ends["Head"][1] > at["Neck"][1] > at["Spine"][1] > at["Hips"][1]
    assert 1.6 < ends["Head"][1] - at["LeftFoot"][1] < 1.8, "the unit is not the metre"


#: Of each preset, what it calls the left upper arm, hand and foot, and the length of its unit, metres.
STYLES = {
    "blender": ("LeftArm", "LeftHand", "LeftFoot", 1.0),
    "mixamo": ("mixamorig:LeftArm", "mixamorig:LeftHand", "mixamorig:LeftFoot", 0.01),
    "unity": ("LeftUpperArm", "LeftHand", "LeftFoot", 1.0),
    "unreal": ("upperarm_l", "hand_l", "foot_l", 0.01),
    "motionbuilder": ("LeftArm", "LeftHand", "LeftFoot", 0.01),
    "cmu": ("LeftArm", "LeftHand", "LeftFoot", 0.0254 / 0.45),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_holds_the_motion(tmp_path: Path, preset: str) -> None:
    arm, hand, foot, unit = STYLES[preset]
    motion, path = walking(12), tmp_path / "walk.bvh"
    export(motion, path, preset=preset, origin="world")
    joints, _, rows = parse(path)
    heads, _ = forward(joints, rows)
    style = PRESETS[preset]
    for bone, landmark in ((arm, "left_shoulder"), (hand, "left_wrist"), (foot, "left_ankle")):
        np.testing.assert_allclose(unit * heads[bone] @ style.axes, motion.joints[:, INDEX[landmark]], atol=1e-5)
    rest, ends = at_rest(path)
    lowest = unit * min((style.axes.T @ point)[2] for point in (*rest.values(), *ends.values()))
    assert abs(lowest) < 0.02 if style.grounded else lowest < -0.8
    down = (style.axes.T @ (rest[hand] - rest[arm]))[2] / np.linalg.norm(rest[hand] - rest[arm])
    assert down == pytest.approx(-np.sqrt(0.5) if style.rest == "A" else 0.0, abs=1e-6)
    order = [channel[0] for channel in joints[1].channels]
    assert "".join(order) == style.order


def test_mixamo_has_its_joints_at_the_ends(tmp_path: Path) -> None:
    export(walking(2), tmp_path / "walk.bvh", preset="mixamo")
    joints, _, _ = parse(tmp_path / "walk.bvh")
    names = [joint.name for joint in joints]
    assert all(name.startswith("mixamorig:") for name in names)
    for end, parent in (("HeadTop_End", "Head"), ("LeftToe_End", "LeftToeBase"), ("RightToe_End", "RightToeBase")):
        assert names[joints[names.index(f"mixamorig:{end}")].parent] == f"mixamorig:{parent}"


def test_the_motion_begins_above_the_origin_and_faces_where_it_is_told(tmp_path: Path) -> None:
    motion = walking(30)
    for facing, left in ((0.0, [1, 0, 0]), (90.0, [0, 0, -1]), (-90.0, [0, 0, 1])):
        export(motion, tmp_path / "walk.bvh", facing=facing, force=True)
        joints, _, rows = parse(tmp_path / "walk.bvh")
        heads, _ = forward(joints, rows)
        np.testing.assert_allclose(heads["Hips"][0], [0, motion.qpos[0, 2], 0], atol=1e-6)
        across = heads["LeftUpLeg"][0] - heads["RightUpLeg"][0]
        np.testing.assert_allclose(across / np.linalg.norm(across), left, atol=1e-5)
        went = heads["Hips"][-1] - heads["Hips"][0]
        forwards = np.cross(left, [0, 1, 0])
        assert went @ forwards == pytest.approx(1.2 * 29 / 30, abs=1e-5)


def test_on_the_spot_the_travel_is_gone_and_the_poses_stay(tmp_path: Path) -> None:
    motion = walking(90)
    export(motion, tmp_path / "walk.bvh")
    export(motion, tmp_path / "spot.bvh", in_place=True)
    (_, _, rows), (_, _, spot) = parse(tmp_path / "walk.bvh"), parse(tmp_path / "spot.bvh")
    np.testing.assert_array_equal(rows[:, 3:], spot[:, 3:])
    np.testing.assert_array_equal(rows[:, 1], spot[:, 1])
    assert np.abs(spot[:, [0, 2]]).max() < 0.02 and np.ptp(rows[:, 2]) > 3.0


@pytest.mark.parametrize(("fps", "frames"), [(60.0, 61), (24.0, 25), (30000 / 1001, 30)])
def test_another_rate_is_the_same_motion(tmp_path: Path, fps: float, frames: int) -> None:
    """Against the motion as it is at 240 frames per second: poses in between are moved, not repeated."""
    export(walking(31), tmp_path / "walk.bvh", fps=fps, origin="world")
    joints, frame_time, rows = parse(tmp_path / "walk.bvh")
    assert frame_time == pytest.approx(1 / fps, abs=1e-9) and len(rows) == frames
    heads, _ = forward(joints, rows)
    fine = walking(241, 240.0)
    seconds = np.arange(frames) / fps
    for bone, landmark in HEADS.items():
        curve = to_file_axes(fine.joints[:, INDEX[landmark]])
        wanted = np.stack([np.interp(seconds, fine.time, column) for column in curve.T], -1)
        np.testing.assert_allclose(heads[bone], wanted, atol=4e-3)


def test_a_frame_of_the_rest_pose_comes_first_where_asked_for(tmp_path: Path) -> None:
    export(walking(5), tmp_path / "walk.bvh", t_pose=True)
    joints, _, rows = parse(tmp_path / "walk.bvh")
    assert len(rows) == 6 and not rows[0, 3:].any()
    np.testing.assert_allclose(rows[0, :3], joints[0].offset, atol=1e-6)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), order=st.sampled_from(["ZXY", "ZYX"]), locked=st.booleans())
def test_angles_without_jumps_are_the_same_rotations(seed: int, order: str, locked: bool) -> None:
    random = np.random.default_rng(seed)
    angles = random.uniform(-np.pi, np.pi, (8, 2, 3))
    if locked:
        angles[3:6, :, 1] = random.choice([-np.pi / 2, np.pi / 2], (3, 2))
    smooth = continuous(angles, order)
    for before, after in zip(angles.reshape(-1, 3), smooth.reshape(-1, 3), strict=True):
        same = Rotation.from_euler(order, before).inv() * Rotation.from_euler(order, after)
        assert same.magnitude() < 1e-6


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("preset", "maya", "preset=maya: choose from blender, mixamo"),
        ("origin", "here", "origin=here: choose from start, world"),
        ("fps", 0.0, "fps=0: give frames per second from 1 to 1000"),
        ("fps", float("nan"), "fps=nan: give"),
        ("facing", float("inf"), "facing=inf: give degrees"),
    ],
)
def test_values_that_cannot_be_are_refused(tmp_path: Path, option: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        export(walking(2), tmp_path / "walk.bvh", **{option: value})
    assert not list(tmp_path.iterdir())


def test_the_frame_rate_and_the_travel_are_kept(tmp_path: Path) -> None:
    motion = walking(50, fps=30000 / 1001, speed=1.2)
    export(motion, tmp_path / "walk.bvh", origin="world")
    joints, frame_time, rows = parse(tmp_path / "walk.bvh")
    assert frame_time == pytest.approx(1001 / 30000, abs=1e-9)
    hips = forward(joints, rows)[0]["Hips"]
    np.testing.assert_allclose(hips, to_file_axes(motion.qpos[:, :3]), atol=1e-6)
    assert hips[-1, 2] - hips[0, 2] == pytest.approx(1.2 * 49 / motion.fps, abs=1e-5)


def test_curves_do_not_jump_where_a_knee_passes_a_right_angle(tmp_path: Path) -> None:
    model = body().model
    qpos = np.tile(model.qpos0, (60, 1))
    qpos[:, 3:7] = Rotation.from_euler("Z", np.linspace(0, 700, 60)[:, None], degrees=True).as_quat(scalar_first=True)
    qpos[:, model.joint("left_knee_flexion").qposadr[0]] = np.radians(np.linspace(0, 150, 60))
    motion = kinematic(qpos)
    export(motion, tmp_path / "bend.bvh", origin="world")
    _, _, rows = parse(tmp_path / "bend.bvh")
    assert np.abs(np.diff(rows[:, 3:], axis=0)).max() < 13
    assert_bones_on_joints(tmp_path / "bend.bvh", motion.joints, 1e-5)


def test_frames_without_a_person_are_listed_beside_the_file(tmp_path: Path) -> None:
    motion = walking(10, 20.0)
    for lost, runs in (
        ((), None),
        ((3,), [[4, 4, 0.15, 0.15]]),
        ((0, 1, 5, 8, 9), [[1, 2, 0.0, 0.05], [6, 6, 0.25, 0.25], [9, 10, 0.4, 0.45]]),
        (range(10), [[1, 10, 0.0, 0.45]]),
        ((), None),  # no list of the export before stays
    ):
        tracked = np.ones(10, bool)
        tracked[list(lost)] = False
        replace(motion, tracked=tracked).to_bvh(tmp_path / "wälk.bvh", force=True)
        files = {path.name for path in tmp_path.iterdir()}
        assert files == {"wälk.bvh"} | ({"wälk.unseen.txt"} if runs else set())
        if runs:
            np.testing.assert_allclose(np.loadtxt(tmp_path / "wälk.unseen.txt", ndmin=2), runs)


def test_a_file_of_the_users_that_is_called_like_the_list_stays(tmp_path: Path) -> None:
    (tmp_path / "walk.unseen.txt").write_text("notes é")
    walking(2).to_bvh(tmp_path / "walk.bvh", force=True)
    assert (tmp_path / "walk.unseen.txt").read_text() == "notes é"


def write(motion: Motion, path: str | Path) -> None:
    """A table of the joints in centimetres: all that a new format takes, but for a line in FORMATS."""
    head = ",".join(f"{name}_{axis}" for name in motion.joint_names for axis in "xyz")
    table = 100 * motion.joints.reshape(len(motion), -1)
    with atomic(path) as temporary:
        np.savetxt(temporary, np.column_stack([motion.time, table]), "%.4f", ",", header=f"time,{head}", comments="")


def test_a_new_format_is_a_function_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(inspect.getsource(write).splitlines()) <= 40
    monkeypatch.setitem(FORMATS, "table", Format(__name__, (".table",), "spreadsheets"))
    motion = walking(4)
    motion.save(tmp_path / "walk")
    assert main(["export", str(tmp_path / "walk"), str(tmp_path / "walk.Table")]) == 0
    table = np.genfromtxt(tmp_path / "walk.Table", delimiter=",", names=True)
    np.testing.assert_allclose(table["left_hip_z"], 100 * motion.joints[:, INDEX["left_hip"], 2], atol=1e-3)
    np.testing.assert_allclose(table["time"], motion.time, atol=1e-3)


def test_the_command_exports_and_replaces_nothing_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walking(3).save(tmp_path / "walk")
    target = tmp_path / "out.bvh"
    assert main(["export", str(tmp_path / "walk"), str(target)]) == 0
    written = target.read_bytes()
    assert written.startswith(b"HIERARCHY")
    target.write_text("mine")
    assert main(["export", str(tmp_path / "walk"), str(target)]) == 2
    assert target.read_text() == "mine" and "--force" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "walk"), str(target), "--force"]) == 0
    assert target.read_bytes() == written
    for folder, file, said in ((tmp_path / "walk", "a.xyz", "unknown suffix"), (tmp_path, "a.bvh", "motion.npz")):
        assert main(["export", str(folder), str(tmp_path / file)]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / file).exists()


def test_export_picks_the_format_by_suffix(tmp_path: Path) -> None:
    export(walking(2), tmp_path / "walk.BVH")
    assert parse(tmp_path / "walk.BVH")[2].shape[0] == 2
    with pytest.raises(InputError, match=r"unknown suffix '\.xyz'; use one of \.bvh"):
        export(walking(2), tmp_path / "walk.xyz")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        walking(2).to_bvh(tmp_path / "file" / "walk.bvh")
