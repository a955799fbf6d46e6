"""Motions of the CMU Graphics Lab motion capture database, fetched from two public conversions of it.

The database (http://mocap.cs.cmu.edu) may be used for anything but being sold itself. Each conversion is pinned by a
commit and by a hash over its files:

- texts of rotation vectors at 120 Hz, from the repository of "Convolutional Sequence to Sequence Model for Human
  Dynamics" (Li et al., CVPR 2018): a row is the root's place (inches / 0.45), then 38 joints' local rotations. Row
  vectors turn by them, so a joint's frame is its parent's times the inverse of its rotation;
- B. Hahne's BVH conversion at 120 Hz, from the repositories CMU-MoCap-01-09 and CMU-MoCap-10-14 of AtelierCircle.

In both y is up, z forward and x left, a figure at zero stands in a T pose, and the first row of a file is that pose.
"""

from __future__ import annotations

import hashlib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.core.files import atomic
from motionrecon.data.carriage import NAMES, Carriage
from motionrecon.errors import InputError

#: Frames per second of all files.
FPS = 120.0
_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])  # y-up axes (x left) to z-up ones
_TO_OURS = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # so that zero faces +x, y left


@dataclass(frozen=True)
class Repository:
    """A public repository that carries files of the database.

    Attributes:
        name: owner and name on GitHub.
        commit: that was read.
        pattern: path of a clip in it.
        digest: sha256 of the lines "clip sha256-of-its-file" of all `clips`, in their order.
        clips: that are read.
    """

    name: str
    commit: str
    pattern: str
    digest: str
    clips: tuple[str, ...]

    def fetch(self, folder: Path) -> dict[str, Path]:
        """Bring the clips into a folder, where they are not there already.

        Raises:
            InputError: they are not the files that this recipe was written for.
        """
        places = {clip: self.pattern.format(clip=clip, subject=clip[:2]) for clip in self.clips}
        paths = {clip: folder / place.replace("/", "_") for clip, place in places.items()}
        lines = ""
        for clip, path in paths.items():
            if not path.exists():
                url = f"https://raw.githubusercontent.com/{self.name}/{self.commit}/{places[clip]}"
                with urllib.request.urlopen(url) as answer, atomic(path) as temporary:
                    temporary.write_bytes(answer.read())
            lines += f"{clip} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        found = hashlib.sha256(lines.encode()).hexdigest()
        if found != self.digest:
            raise InputError(f"the clips of {self.name} in {folder} have digest {found}, expected {self.digest}")
        return paths


def _numbered(*ranges: tuple[str, str]) -> tuple[str, ...]:
    """Clips of subjects: ("05", "02-04 12") is 05_02, 05_03, 05_04 and 05_12."""
    clips = []
    for subject, numbers in ranges:
        for word in numbers.split():
            first, _, last = word.partition("-")
            clips += [f"{subject}_{k:02d}" for k in range(int(first), int(last or first) + 1)]
    return tuple(clips)


def _actions(**counts: str) -> tuple[str, ...]:
    """Clips of actions: ``train_soccer="1-3"`` is train/soccer/soccer_1 and so on."""
    clips = []
    for key, numbers in counts.items():
        part, _, action = key.partition("_")
        file = action.removesuffix("_extra")
        clips += [f"{part}/{action}/{file}_{int(clip[2:])}" for clip in _numbered(("x", numbers))]
    return tuple(clips)


TEXTS = Repository(
    "chaneyddtt/Convolutional-Sequence-to-Sequence-Model-for-Human-Dynamics",
    "f27ccb4ed5b0568cde2b7cf096dd2683c901b4d8",
    "data/cmu_mocap/{clip}.txt",
    "c629f88bb51e29f3e3e2c7e1cc8a993eca15a0fed5bc99a24a60c82fcaf71240",
    _actions(
        train_basketball="1-5",
        train_jumping="1-5",
        train_running="1-5",
        train_soccer="1-5",
        train_walking="1-5",
        train_walking_extra="19-25 50-52",
        train_basketball_signal="1-5",
        train_directing_traffic="1 4",
        test_washwindow="1",
        test_basketball="1",
        test_jumping="1",
        test_running="1",
        test_soccer="1",
        test_walking="1",
        test_walking_extra="6 10 14",
    ),
)
#: What the texts do not show, in the numbers of the database. Left out are its walks, runs, jumps, basketball and
#: soccer, whose takes the texts hold, and what they hold back: washing windows (14_12), directing traffic (13_26).
_DAZ = "{subject}/{clip}.bvh"
BVH = (
    Repository(
        "AtelierCircle/CMU-MoCap-01-09",
        "9ee8be12cd5ef9f8fcc575f6bf1cc4308669a890",
        _DAZ,
        "e2b077559eba639ac5d389207af8d523cbf3b4b843656d55a44b5144dbaf301d",
        _numbered(("01", "01 08 14"), ("02", "05-10"), ("03", "01 02"), ("05", "02-20"), ("09", "12")),
    ),
    Repository(
        "AtelierCircle/CMU-MoCap-10-14",
        "7cdbc42e86b5c1d6ca38486f0b53d913eb2ab058",
        _DAZ,
        "32c27b80c6820a0d9af7b7cb4156684a0bb5a715fc861570772dab14585fdf25",
        _numbered(
            ("13", "01 07-10 14-16 18 30 31 33-38"),
            ("14", "04 05 07 08 17-19 21-23 27-37"),
        ),
    ),
)

#: Of the texts' joints, the columns of those that are asked for (each three numbers, after the root's place).
_TEXT_JOINTS = {
    "hips": 0,
    "left_thigh": 2, "left_shank": 3, "left_foot": 4,
    "right_thigh": 8, "right_shank": 9, "right_foot": 10,
    "abdomen": 13, "spine": 14, "thorax": 15, "neck": 16, "neck1": 17, "head": 18,
    "left_clavicle": 20, "left_upper_arm": 21, "left_forearm": 22,
    "right_clavicle": 29, "right_upper_arm": 30, "right_forearm": 31,
}  # fmt: skip
_TEXT_PARENTS = (
    -1, 0, 1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 11, 0, 13, 14, 15, 16, 17, 18, 15, 20, 21, 22, 23, 24, 25, 23, 27, 15, 29, 30,
    31, 32, 33, 34, 32, 36,
)  # fmt: skip
#: Of their figure: a unit of length, the hips' middle from the root, and a leg's length, metres.
_INCHES, _HIPS, _LEG = 0.0254 / 0.45, (0.0, -0.102, 0.035), 0.84
#: Its legs are 20 degrees apart from the vertical at zero.
_LEGS_OUT = np.radians(20.0)


def read_text(path: Path) -> Carriage:
    """One clip of `TEXTS`."""
    rows = np.loadtxt(path, delimiter=",", dtype=float)[1:]
    root = rows[:, :3] * _INCHES
    local = Rotation.from_rotvec(rows[:, 3:].reshape(-1, 3)).as_matrix().reshape(len(rows), -1, 3, 3)
    turn = np.empty_like(local)
    for joint, parent in enumerate(_TEXT_PARENTS):
        inverse = local[:, joint].transpose(0, 2, 1)
        turn[:, joint] = inverse if parent < 0 else turn[:, parent] @ inverse
    at = {name: turn[:, joint] for name, joint in _TEXT_JOINTS.items()}
    directions = {
        "pelvis_left": at["hips"][..., 0],
        "pelvis_up": at["hips"][..., 1],
        "torso_left": at["thorax"][..., 0],
        "torso_up": at["abdomen"][..., 1] + at["spine"][..., 1],
        "head_left": at["head"][..., 0],
        "head_front": at["head"][..., 2],
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        down = np.array([sign * np.sin(_LEGS_OUT), -np.cos(_LEGS_OUT), 0.0])
        for part in ("clavicle", "upper_arm", "forearm"):
            directions[f"{side}_{part}"] = sign * at[f"{side}_{part}"][..., 0]
        for part in ("thigh", "shank"):
            directions[f"{side}_{part}"] = at[f"{side}_{part}"] @ down
        directions[f"{side}_foot"] = at[f"{side}_foot"][..., 2]
    return _carriage(root + at["hips"] @ np.array(_HIPS), directions, _LEG)


def read_bvh(path: Path) -> Carriage:
    """One clip of `BVH`."""
    bones, table = _parsed(path.read_text())
    turn: dict[str, np.ndarray] = {}
    place: dict[str, np.ndarray] = {}
    column = 0
    for bone in bones:
        channels = table[1:, column : column + len(bone.channels)]
        column += len(bone.channels)
        order = "".join(c[0] for c in bone.channels if c.endswith("rotation"))
        local = Rotation.from_euler(order, channels[:, -3:], degrees=True).as_matrix()
        if bone.parent is None:
            turn[bone.name], place[bone.name] = local, channels[:, :3]
        else:
            turn[bone.name] = turn[bone.parent] @ local
            place[bone.name] = place[bone.parent] + turn[bone.parent] @ bone.offset
    directions = {
        "pelvis_left": turn["hip"][..., 0],
        "pelvis_up": turn["hip"][..., 1],
        "torso_left": turn["chest"][..., 0],
        "torso_up": place["neck"] - place["hip"],
        "head_left": turn["head"][..., 0],
        "head_front": turn["head"][..., 2],
    }
    for side, sign in (("left", 1.0), ("right", -1.0)):
        s = side[0]
        directions[f"{side}_clavicle"] = sign * turn[f"{s}Collar"][..., 0]
        for part, first, second in (
            ("upper_arm", "Shldr", "ForeArm"),
            ("forearm", "ForeArm", "Hand"),
            ("thigh", "Thigh", "Shin"),
            ("shank", "Shin", "Foot"),
        ):
            directions[f"{side}_{part}"] = place[s + second] - place[s + first]
        directions[f"{side}_foot"] = turn[f"{s}Foot"][..., 2]
    leg = sum(np.linalg.norm(directions[f"left_{part}"], axis=-1).mean() for part in ("thigh", "shank"))
    return _carriage((place["lThigh"] + place["rThigh"]) / 2, directions, float(leg))


@dataclass(frozen=True)
class _Joint:
    """A joint of a BVH file."""

    name: str
    parent: str | None
    offset: Float[np.ndarray, " 3"]
    channels: tuple[str, ...]


def _parsed(text: str) -> tuple[list[_Joint], Float[np.ndarray, "T C"]]:
    """The joints of a BVH file, in the order of its columns, and its rows."""
    head, _, motion = text.partition("MOTION")
    joints: list[_Joint] = []
    open_names: list[str] = []
    name, offset = "", np.zeros(3)
    for line in head.splitlines():
        match line.split():
            case ["ROOT" | "JOINT" | "End", given]:
                name = given
            case ["{"]:
                open_names.append(name)
            case ["OFFSET", *numbers]:
                offset = np.array(numbers, float)
            case ["CHANNELS", _, *channels]:
                parent = open_names[-2] if len(open_names) > 1 else None
                joints.append(_Joint(name, parent, offset, tuple(channels)))
            case ["}"]:
                open_names.pop()
    rows = [line.split() for line in motion.splitlines()[3:] if line.strip()]
    return joints, np.array(rows, float)


def _carriage(hips: Float[np.ndarray, "T 3"], directions: dict[str, np.ndarray], leg: float) -> Carriage:
    """From the files' axes to ours, and by the length of a leg."""
    turn = _TO_OURS @ _UP
    ours = np.stack([directions[name] @ turn.T for name in NAMES], axis=1)
    return Carriage(FPS, hips @ turn.T / leg, ours / np.linalg.norm(ours, axis=-1, keepdims=True))
