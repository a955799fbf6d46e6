"""The files of SMPL, SMPL-H and SMPL-X, which their users have from the authors: found, and read without unpickling.

Of an ``.npz`` only the arrays that are needed are read. A ``.pkl`` holds programs that run when it is opened, and is
not opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.smpl.layouts import CARRIED, LAYOUTS
from motionrecon.core.files import read_arrays, reason
from motionrecon.errors import InputError

#: Numbers of a shape that are used: as many as all versions of the files have.
BETAS = 10
#: Bytes of the arrays that are read; SMPL-X's shapes, 400 for each of 10,475 vertices, have 100 MB.
_LIMIT = 1 << 30
#: The arrays of a file: how a body of V vertices, F faces and J joints has them.
_ARRAYS = {
    "v_template": "V 3",
    "shapedirs": "V 3 n",
    "J_regressor": "J V",
    "weights": "V J",
    "kintree_table": "2 J",
    "f": "F 3",
}
#: Metres that nothing of a person is from the origin, nor moves by a standard deviation.
_LARGEST = 10.0
#: Metres by which each joint of anybody is away from the one that carries it, at least.
_APART = 0.005
_SEXES = ("neutral", "male", "female")


@dataclass(frozen=True, eq=False)
class BodyFile:
    """A body model, in its own axes (x left, y up, z forward), metres.

    Attributes:
        kind: smpl, smplh or smplx.
        gender: neutral, male or female.
        path: the file.
        vertices: (V, 3) of the mean shape, in the rest pose.
        shapes: (V, 3, k) how they move with each number of the shape.
        regressor: (J, V) the joints' centres, from the vertices.
        weights: (V, J) how much the vertices follow each joint.
        faces: (F, 3) counter-clockwise seen from outside.
    """

    kind: str
    gender: str
    path: Path
    vertices: Float[np.ndarray, "V 3"]
    shapes: Float[np.ndarray, "V 3 k"]
    regressor: Float[np.ndarray, "J V"]
    weights: Float[np.ndarray, "V J"]
    faces: Int[np.ndarray, "F 3"]


def find(kind: str, path: Path | None, sex: str) -> tuple[Path, str]:
    """The file of a kind of body and the gender that it is of.

    Args:
        kind: smpl, smplh or smplx.
        path: the file, or a folder that it is in, as the package smplx has it (``smplx/SMPLX_NEUTRAL.npz``) or AMASS
            (``neutral/model.npz``).
        sex: of the person; a file that is called after another is refused.

    Raises:
        InputError: there is no such file.
    """
    layout = LAYOUTS[kind]
    if path is None:
        raise InputError(
            f"body={kind} needs body_model=..., the .npz of {layout.name}, or a folder with it; get it from "
            f"{layout.home}. It cannot come with motionrecon"
        )
    if path.is_dir():
        path = _within(path, kind, sex)
    elif not path.exists():
        raise InputError(f"body_model={path}: no such file or folder; get {layout.name} from {layout.home}")
    gender = next((g for g in ("female", "male", "neutral") if g in path.name.lower()), None)
    gender = gender or (path.parent.name.lower() if path.parent.name.lower() in _SEXES else sex)
    if sex not in ("neutral", gender):
        raise InputError(f"body_model={path} is of a {gender} body, and sex={sex} was given; give the file of that sex")
    return path, gender


def _within(folder: Path, kind: str, sex: str) -> Path:
    """The file of a kind and sex in a folder."""
    stems = [f"{kind.upper()}_{sex.upper()}", f"{kind}_{sex}", f"{sex}/model"]
    places = [folder / inside / stem for inside in ("", kind, "models", f"models/{kind}") for stem in stems]
    for place in places:
        if (found := place.with_name(f"{place.name}.npz")).is_file():
            return found
    for place in places:
        if (found := place.with_name(f"{place.name}.pkl")).is_file():
            return found  # to be refused by its name
    layout = LAYOUTS[kind]
    there = sorted(one.name for one in folder.iterdir())
    listed = f"it holds {', '.join(there[:5])}{', ...' if len(there) > 5 else ''}" if there else "it is empty"
    raise InputError(
        f"body_model={folder}: there is no {stems[0]}.npz (nor {stems[2]}.npz) in this folder; {listed}. Give the "
        f".npz of {layout.name} itself, or get it from {layout.home}"
    )


def read(kind: str, path: Path, gender: str) -> BodyFile:
    """The body model of a file.

    Raises:
        InputError: it is no such file.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"body_model={path}: {reason(error)}") from error
    return _read(kind, path, gender, (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=2)  # a large one takes a second, and is asked for when options are checked and when it is used
def _read(kind: str, path: Path, gender: str, state: tuple[int, int]) -> BodyFile:
    layout = LAYOUTS[kind]
    remedy = f"give the .npz of {layout.name}, from {layout.home}"
    if path.suffix.lower() == ".pkl":
        raise InputError(
            f"body_model={path}: a .pkl holds programs that run when it is opened, so it is not opened; {remedy}, or "
            "make an .npz of it as docs/smpl.md says"
        )
    try:
        arrays = read_arrays(path, _ARRAYS, limit=_LIMIT)
        sizes = _checked(arrays)
    except OSError as error:
        raise InputError(f"body_model={path}: {reason(error)}; {remedy}") from error
    except ValueError as error:
        raise InputError(f"body_model={path}: {error}; {remedy}") from error
    if sizes["J"] != len(layout.parents):
        other = next((k for k, one in LAYOUTS.items() if len(one.parents) == sizes["J"]), None)
        what = f"it is of {LAYOUTS[other].name} ({other})" if other else "it is of another body"
        wanted = f"{layout.name} has {len(layout.parents)}"
        raise InputError(f"body_model={path}: it has {sizes['J']} joints, and {wanted}: {what}; {remedy}")
    parents = np.asarray(arrays["kintree_table"], np.int64)[0, 1:]
    if not np.array_equal(parents, layout.parents[1:]):
        raise InputError(f"body_model={path}: its joints do not hang together as {layout.name}'s do; {remedy}")
    owned = np.bincount(arrays["weights"].argmax(1), minlength=sizes["J"])[: len(CARRIED)]
    if not owned.all() or arrays["f"].min(initial=0) < 0 or arrays["f"].max(initial=0) >= sizes["V"]:
        raise InputError(f"body_model={path}: its mesh is not that of a person with all limbs; {remedy}")
    joints = np.asarray(arrays["J_regressor"] @ arrays["v_template"], float)
    if np.linalg.norm(joints[1 : len(CARRIED)] - joints[parents[: len(CARRIED) - 1]], axis=1).min() < _APART:
        raise InputError(f"body_model={path}: joints of its body lie on one another; {remedy}")
    weights = np.asarray(arrays["weights"], float)
    return BodyFile(
        kind,
        gender,
        path,
        np.asarray(arrays["v_template"], float),
        np.array(arrays["shapedirs"][..., :BETAS], float),
        np.asarray(arrays["J_regressor"], float),
        weights / weights.sum(1, keepdims=True),
        np.asarray(arrays["f"], np.int64),
    )


def _checked(arrays: dict[str, np.ndarray]) -> dict[str, int]:
    """The sizes V, J, F and n of a body whose arrays fit together.

    Raises:
        ValueError: they do not.
    """
    sizes: dict[str, int] = {}
    for name, sides in _ARRAYS.items():
        if name not in arrays:
            raise ValueError(f"it has no {name}")
        array, wanted = arrays[name], sides.split()
        if array.dtype.kind not in "iuf" or array.ndim != len(wanted):
            raise ValueError(f"{name} has shape {array.shape} of {array.dtype}, expected ({', '.join(wanted)})")
        for side, size in zip(wanted, array.shape, strict=True):
            if sizes.setdefault(side, int(side) if side.isdigit() else size) != size:
                raise ValueError(f"{name} has shape {array.shape}, expected ({', '.join(wanted)})")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} has values that are no numbers")
    if max(np.abs(arrays[name]).max(initial=0) for name in ("v_template", "shapedirs")) > _LARGEST:
        raise ValueError("v_template or shapedirs are in no metres")
    if not np.allclose(arrays["J_regressor"].sum(1), 1.0, atol=0.05):
        raise ValueError("J_regressor does not add up to 1 for each joint")
    if not sizes["F"] or not sizes["n"]:
        raise ValueError("it has no faces or no shapes")
    if arrays["weights"].min() < 0 or not np.allclose(arrays["weights"].sum(1), 1.0, atol=0.01):
        raise ValueError("weights do not add up to 1 at each vertex")
    return sizes
