"""The simulated person: segment lengths and mass in, a MuJoCo model with landmarks out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

import mujoco

from motionrecon.body.base import Anatomy, Body, kind_of
from motionrecon.body.described import Described
from motionrecon.core.mujoco_log import quiet_mujoco

__all__ = ["BODIES", "Anatomy", "Body", "build", "read"]

#: Kinds of bodies, and the package of each: it has ``build(described, advance) -> Body`` and ``read(mjcf) -> Anatomy``.
BODIES: dict[str, str] = {
    "capsules": "motionrecon.body.capsules",
    "anny": "motionrecon.body.anny",
}


def build(
    height: float,
    mass: float | None = None,
    kind: str = "capsules",
    sex: str = "neutral",
    age: float | None = None,
    advance: Callable[[int], None] = lambda steps: None,
) -> Body:
    """Somebody with the proportions of an average person.

    Args:
        height: metres.
        mass: kilograms; an average person's where not given.
        kind: of the body, one of `BODIES`.
        sex: female, male or neutral.
        age: years; an adult's where not given.
        advance: told of the steps of building them, where that takes long.
    """
    described = Described(height, mass, sex, age)
    return cast(Body, import_module(BODIES[kind]).build(described, advance))


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
