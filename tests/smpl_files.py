"""A small body of the layout of SMPL's files: closed pieces about the bones of somebody who was made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motionrecon.body.smpl.layouts import CARRIED, LAYOUTS

#: Where the joints of the body are, left and middle, metres: x left, y up, z forward; arms a little down and back.
JOINTS = {
    "pelvis": (0, -0.24, 0.03), "left_thigh": (0.06, -0.33, 0.01), "abdomen": (0, -0.12, 0.0),
    "left_shank": (0.1, -0.7, 0.01), "chest": (0, 0.02, 0.01), "left_foot": (0.09, -1.1, -0.03),
    "upper_chest": (0, 0.07, 0.02), "left_toes": (0.12, -1.16, 0.09), "neck": (0, 0.28, -0.01),
    "left_clavicle": (0.08, 0.19, 0.0), "head": (0, 0.37, 0.02), "left_upper_arm": (0.17, 0.22, -0.02),
    "left_forearm": (0.43, 0.2, -0.05), "left_hand": (0.68, 0.21, -0.05),
}  # fmt: skip
#: Where a piece ends that no joint follows, or another than its first child: from its joint; and the pieces' radii.
_ENDS = {
    "pelvis": (0, 0.09, 0), "upper_chest": (0, 0.14, -0.01), "head": (0, 0.16, 0.01), "left_hand": (0.15, -0.005, 0.01),
    "left_toes": (0.02, -0.01, 0.07), "left_foot": (0.02, -0.06, 0.1), "left_clavicle": (0.08, 0.02, -0.02),
}  # fmt: skip
_NEXT = {"abdomen": "chest", "chest": "upper_chest", "neck": "head", "left_thigh": "left_shank",
         "left_shank": "left_foot", "left_upper_arm": "left_forearm", "left_forearm": "left_hand"}  # fmt: skip
_RADII = {"pelvis": 0.14, "abdomen": 0.13, "chest": 0.14, "upper_chest": 0.14, "neck": 0.055, "head": 0.09,
          "clavicle": 0.06, "upper_arm": 0.05, "forearm": 0.042, "hand": 0.035, "thigh": 0.08, "shank": 0.055,
          "foot": 0.04, "toes": 0.03}  # fmt: skip
_FLOOR = -1.19
_SIDES, _MIRROR = 8, np.array([-1.0, 1.0, 1.0])


def _of(table: dict, name: str):
    """A table's entry for a segment; the right one's is the left one's mirror image. None where it has none."""
    left = name.replace("right_", "left_")
    found = table.get(left)
    return None if found is None else np.array(found) * (_MIRROR if left != name else 1.0)


def _piece(start: np.ndarray, end: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A closed tube with round ends, whose second ring has its middle at the start; counter-clockwise from outside."""
    axis = (end - start) / np.linalg.norm(end - start)
    x = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    x /= np.linalg.norm(x)
    angle = 2 * np.pi * np.arange(_SIDES) / _SIDES
    ring = np.cos(angle)[:, None] * x + np.sin(angle)[:, None] * np.cross(axis, x)
    rings = [start - 0.5 * radius * axis + 0.7 * radius * ring]
    rings += [start + share * (end - start) + radius * ring for share in (0.0, 0.5, 1.0)]
    rings += [end + 0.5 * radius * axis + 0.7 * radius * ring]
    vertices = np.concatenate([*rings, [start - 0.7 * radius * axis], [end + 0.7 * radius * axis]])
    faces, count = [], len(rings) * _SIDES
    for k in range(_SIDES):
        following = (k + 1) % _SIDES
        for r in range(len(rings) - 1):
            a, b = r * _SIDES + k, r * _SIDES + following
            faces += [(a, b, b + _SIDES), (a, b + _SIDES, a + _SIDES)]
        last = (len(rings) - 1) * _SIDES
        faces += [(count, following, k), (count + 1, last + k, last + following)]
    return vertices, np.array(faces)


def body_arrays(kind: str, shapes: int | None = None) -> dict[str, np.ndarray]:
    """What a file of the kind holds."""
    parents = LAYOUTS[kind].parents
    joints = np.zeros((len(parents), 3))
    vertices, faces, weights, regressor = [], [], [], []
    first = 0
    for j, name in enumerate(CARRIED):
        joints[j] = start = _of(JOINTS, name)
        end = start + _of(_ENDS, name) if _of(_ENDS, name) is not None else None
        if end is None:
            end = _of(JOINTS, name.replace("right", "left").replace(*_next(name)))
            end = end * (_MIRROR if name.startswith("right") else 1.0)
        skin, corners = _piece(start, end, _RADII[name.replace("left_", "").replace("right_", "")])
        if name.endswith(("foot", "toes")):  # flat below, but for the ring that is about the joint
            below = (skin[:, 1] < start[1]) & (np.arange(len(skin)) // _SIDES != 1)
            skin[below, 1] = _FLOOR
        vertices.append(skin)
        faces.append(corners + first)
        own = np.zeros((len(skin), len(parents)))
        own[:, j] = 1.0
        if parents[j] >= 0:  # the near end follows what carries it, too
            own[:_SIDES, j] = own[:_SIDES, parents[j]] = 0.5
        weights.append(own)
        regressor.append(first + _SIDES + np.arange(_SIDES))
        first += len(skin)
    skin = np.concatenate(vertices)
    table = np.zeros((len(parents), len(skin)))
    for j in range(len(parents)):
        if j < len(CARRIED):
            table[j, regressor[j]] = 1.0 / _SIDES
        else:  # fingers, eyes and jaw: somewhere on what carries them
            carrier = j
            while carrier >= len(CARRIED):
                carrier = parents[carrier]
            table[j, regressor[carrier][j % _SIDES] + _SIDES] = 1.0
    return {
        "v_template": skin, "f": np.concatenate(faces).astype(np.uint32), "weights": np.concatenate(weights),
        "J_regressor": table, "shapedirs": _shapes(skin, shapes or {"smpl": 10, "smplh": 16, "smplx": 400}[kind]),
        "kintree_table": np.stack([np.where(np.array(parents) < 0, 2**32 - 1, parents), np.arange(len(parents))]),
    }  # fmt: skip


def _next(name: str) -> tuple[str, str]:
    left = name.replace("right_", "left_")
    return left, _NEXT[left]


def _shapes(skin: np.ndarray, count: int) -> np.ndarray:
    """(V, 3, count): size, width, legs, arms, trunk, and what is left of people."""
    shapes = np.zeros((len(skin), 3, count))
    shapes[..., 0] = 0.05 * skin
    shapes[..., 1] = 0.06 * skin * [1.0, 0.0, 1.0] + 0.01 * skin
    shapes[:, 1, 2] = 0.06 * np.minimum(skin[:, 1] + 0.3, 0.0)
    shapes[:, 0, 3] = 0.06 * np.sign(skin[:, 0]) * np.maximum(np.abs(skin[:, 0]) - 0.17, 0.0)
    shapes[:, 1, 4] = 0.06 * np.maximum(skin[:, 1] + 0.24, 0.0)
    rng = np.random.default_rng(0)
    for k in range(5, min(count, 10)):
        shapes[..., k] = 0.004 * np.sin(3.0 * np.abs(skin @ rng.normal(size=3)) + k)[:, None] * [0.0, 1.0, 1.0]
    return shapes


def body_file(folder: Path, kind: str, gender: str = "neutral") -> Path:
    """Such a file, which the package smplx reads too."""
    arrays = body_arrays(kind)
    joints, count = len(LAYOUTS[kind].parents), len(arrays["v_template"])
    hands = {f"hands_{what}{side}": np.zeros((45, 45) if what == "components" else 45)
             for side in "lr" for what in ("components", "mean")}  # fmt: skip
    face = {
        "lmk_faces_idx": np.zeros(51, int), "lmk_bary_coords": np.ones((51, 3)) / 3,
        "dynamic_lmk_faces_idx": np.zeros((79, 17), int), "dynamic_lmk_bary_coords": np.ones((79, 17, 3)) / 3,
    }  # fmt: skip
    path = folder / f"{kind.upper()}_{gender.upper()}.npz"
    np.savez(path, **arrays, **hands, **face, posedirs=np.zeros((count, 3, 9 * (joints - 1))))
    return path
