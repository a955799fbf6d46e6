"""The simulated person: segment lengths and mass in, a MuJoCo model with landmarks out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

import mujoco

from motionrecon.body.base import Anatomy, Body, kind_of
from motionrecon.body.described import Described
from motionrecon.core.mujoco_log import quiet_mujoco
from motionrecon.errors import InputError

__all__ = ["BODIES", "BUILT_IN", "Anatomy", "Body", "build", "checked", "read"]

#: Kinds of bodies, and the package of each: it has ``build(described, advance) -> Body`` and ``read(mjcf) -> Anatomy``.
BODIES: dict[str, str] = {
    "anny": "motionrecon.body.anny",
    "capsules": "motionrecon.body.capsules",
    "smpl": "motionrecon.body.smpl",
    "smplh": "motionrecon.body.smpl",
    "smplx": "motionrecon.body.smpl",
}
#: Kinds that need no file but those of motionrecon.
BUILT_IN: tuple[str, ...] = ("anny", "capsules")


def build(
    height: float,
    mass: float | None = None,
    kind: str = "capsules",
    sex: str = "neutral",
    age: float | None = None,
    advance: Callable[[int], None] = lambda steps: None,
    body_model: Path | None = None,
) -> Body:
    """Somebody with the proportions of an average person.

    Args:
        height: metres.
        mass: kilograms; an average person's where not given.
        kind: of the body, one of `BODIES`; the simplest where not given.
        sex: female, male or neutral.
        age: years; where not given, an adult's, or under 1.35 m a child's of that height.
        advance: told of the steps of building them, where that takes long.
        body_model: the file, or a folder with the files, of a kind whose users have their own.

    Raises:
        InputError: the body cannot be made from that file, or not of this height.
    """
    described = Described(height, mass, sex, age, kind, body_model)
    return cast(Body, import_module(BODIES[kind]).build(described, advance))


def checked(kind: str, body_model: Path | None, sex: str) -> Path | None:
    """The file that a body of a kind is made from, read and found right; None where it needs none.

    Raises:
        InputError: it needs one that is not there or cannot be used, or is given one that it does not need.
    """
    if kind not in BUILT_IN:
        from motionrecon.body.smpl.family import checked as checked_file

        return checked_file(kind, body_model, sex)
    if body_model is not None:
        others = ", ".join(kind for kind in BODIES if kind not in BUILT_IN)
        raise InputError(f"body_model={body_model} is of no use to body={kind}: say which body it is, one of {others}")
    return None


def read(mjcf: str) -> Anatomy:
    """What a model's text that motionrecon wrote tells of the body; models of earlier versions are of capsules.

    Raises:
        ValueError: MuJoCo cannot read it, or it says that it is of a kind that is not known.
    """
    with quiet_mujoco():
        model = mujoco.MjModel.from_xml_string(mjcf)
    kind = kind_of(model)
    if kind not in BODIES:
        raise ValueError(f"the model is of a body of the kind {kind!r}; known are {', '.join(BODIES)}")
    return cast(Anatomy, import_module(BODIES[kind]).read(mjcf))
