"""The DeepMimic motion clips (MIT), fetched from the PyPI wheel that carries them and read as segment rotations.

The files are Xue Bin Peng's (https://github.com/xbpeng/DeepMimic, MIT); the wheel ``pybullet`` ships them under
``pybullet_data/data/motions``. Each frame is: duration s, root position m, root quaternion wxyz, then the joints' local
rotations; axes x forward, y up, z right; at zero the figure stands with its arms hanging, so that its segment frames
are, but for the naming of the axes, those of `motionrecon.data.mannequin`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation, Slerp

from motionrecon.core.files import atomic
from motionrecon.data.mannequin import INDEX, SEGMENTS, parent
from motionrecon.data.wheels import wheel_of
from motionrecon.errors import InputError

WHEEL = "pybullet==3.2.7"
SHA256 = {
    "walk": "32d082c3599bc40aac50b1afa196ff1e2cf3842bb40f0541ab088845f6328a41",
    "run": "2cbe488023b243e5769299158ce7c78875ec4b701a2ffe6c0beeaf83d16ca87b",
    "jump": "a433557e94b193d8a95530572a0e32f387eb6d9996987b4216efb65444c3c641",
    "punch": "1ab4b654cecdb4ff3b2a4bf4086e50397bef28435bb59ab3aedd6a6bdc926fde",
    "kick": "177cfb399466309ba7f4a8a987c3b6f6edde1cbe8b2d476e53dc6061ec5d4bac",
    "dance_a": "15ef3731f594edc9ed078170f1075815cc164acaca9e35a46db12a31ac64b717",
    "dance_b": "b5a9d7a3f2304f6242776d7ff6d19d1f6bcb98d78d68622761c3843b614a92b5",
    "spin": "9614f10b92e7a8b123990ad5bcfafc65aa4d8fa8ac7f10ade3c3591122d34425",
    "spinkick": "60ec9c200d96e0cd71693061f24db0bd8da9eb295daf487f6f60f8dfb324075a",
    "cartwheel": "17453459a40ec4ea08346072748ae3c7c384b49e619753e9779637fa8a9f7c49",
    "roll": "50d75c2243b2859f8dcae4ad8fa14b59054dd9ee529b4fb52ec14470cd982c55",
    "crawl": "104a3b675131a43e7a214e24c0ed631c6a0d814b85c8b66b71ce63b23a5731ae",
    "getup_facedown": "1bd1a96e9175f65eb66e10f225473b4467bd70c68e283f4006b2ab090e337c0b",
    "getup_faceup": "5936c32d51dad9b0cd5e61df681079d160436cdce845c312f200d7a347c4040d",
    "backflip": "ffc5e117f69364e239eeedc86d6a30ab854500a375a1c137a405f1b7652905e6",
}
#: Height of the hips of DeepMimic's figure when it stands, metres: thigh, shank and ankle.
HIP_HEIGHT = 0.4215 + 0.4099 + 0.0555
_OURS = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])  # DeepMimic's axes to ours
#: Column of each joint's rotation (quaternion, or angle about z for knees and elbows), the segment it turns.
_JOINTS = (
    ("torso", 8, 4),
    ("head", 12, 4),
    ("right_thigh", 16, 4),
    ("right_shank", 20, 1),
    ("right_foot", 21, 4),
    ("right_upper_arm", 25, 4),
    ("right_forearm", 29, 1),
    ("left_thigh", 30, 4),
    ("left_shank", 34, 1),
    ("left_foot", 35, 4),
    ("left_upper_arm", 39, 4),
    ("left_forearm", 43, 1),
)


@dataclass(frozen=True)
class MannequinMotion:
    """A motion of the segments of the mannequin, on an even clock.

    Attributes:
        fps: frames per second.
        root: (T, 3), position of the pelvis, metres, z up.
        hip_height: of the figure that the root's travel is for, standing, metres.
        local: (T, 15, 3, 3), each segment's orientation relative to its parent (the pelvis': to the world).
    """

    fps: float
    root: Float[np.ndarray, "T 3"]
    local: Float[np.ndarray, "T 15 3 3"]
    hip_height: float = HIP_HEIGHT


def fetch(name: str, folder: Path) -> Path:
    """Bring ``humanoid3d_<name>.txt`` into ``folder`` with the user's own pip, and check its hash.

    Raises:
        InputError: an unknown clip, pip failed, or the file is not the one that this recipe was written for.
    """
    if name not in SHA256:
        raise InputError(f"no DeepMimic clip '{name}': choose one of {', '.join(SHA256)}")
    path = folder / f"humanoid3d_{name}.txt"
    content = path.read_bytes() if path.exists() else _published(path)
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        where = path if path.exists() else f"{path.name} in {WHEEL}"
        raise InputError(f"{where} has sha256 {found}, expected {SHA256[name]}: it is not the file that was used")
    if not path.exists():
        with atomic(path) as temporary:
            temporary.write_bytes(content)
    return path


def _published(path: Path) -> bytes:
    """The content of a file of that name in the wheel."""
    with wheel_of(WHEEL, f"put its {path.name} into {path.parent}") as wheel:
        return wheel.read(f"pybullet_data/data/motions/{path.name}")


def read(path: Path, fps: float, cycles: float = 1.0) -> MannequinMotion:
    """Read a clip and resample it to ``fps``, repeating a cyclic one ``cycles`` times with its travel carried on."""
    frames = np.asarray(json.loads(path.read_text())["Frames"], dtype=float)
    time = np.concatenate([[0.0], np.cumsum(frames[:-1, 0])])
    root = frames[:, 1:4] @ _OURS.T
    local = np.tile(np.eye(3), (len(frames), len(SEGMENTS), 1, 1))
    local[:, 0] = _turned(frames[:, 4:8])
    for segment, column, width in _JOINTS:
        values = frames[:, column : column + width]
        if width == 1:
            values = np.stack([np.cos(values[:, 0] / 2), *np.zeros((2, len(values))), np.sin(values[:, 0] / 2)], axis=1)
        local[:, INDEX[segment]] = _turned(values)

    whole = int(np.ceil(cycles))
    period, travel = time[-1], (root[-1] - root[0]) * [1.0, 1.0, 0.0]
    time = np.concatenate([time[:-1] + k * period for k in range(whole)] + [[whole * period]])
    root = np.concatenate([root[:-1] + k * travel for k in range(whole)] + [root[-1:] + (whole - 1) * travel])
    local = np.concatenate([local[:-1]] * whole + [local[-1:]])
    clock = np.arange(int(np.floor(min(cycles, whole) * period * fps)) + 1) / fps
    even = np.stack(
        [Slerp(time, Rotation.from_matrix(local[:, s]))(clock).as_matrix() for s in range(len(SEGMENTS))], 1
    )
    return MannequinMotion(fps, np.stack([np.interp(clock, time, root[:, k]) for k in range(3)], axis=1), even)


def _turned(wxyz: Float[np.ndarray, "T 4"]) -> Float[np.ndarray, "T 3 3"]:
    """Rotations (T, 3, 3) in our axes of quaternions (T, 4) in DeepMimic's."""
    return np.asarray(_OURS @ Rotation.from_quat(wxyz[:, [1, 2, 3, 0]]).as_matrix() @ _OURS.T)


def world_rotations(local: Float[np.ndarray, "T 15 3 3"]) -> Float[np.ndarray, "T 15 3 3"]:
    """Orientations (T, 15, 3, 3) of the segments in the world, from those relative to their parents."""
    out = local.copy()
    for i, name in enumerate(SEGMENTS[1:], start=1):
        out[:, i] = out[:, INDEX[parent(name) or ""]] @ local[:, i]
    return out
