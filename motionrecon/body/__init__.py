"""The simulated person: segment lengths and mass in, a MuJoCo model with landmarks out."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import mujoco

from motionrecon.body.base import KIND, Anatomy, Body
from motionrecon.core.mujoco_log import quiet_mujoco

__all__ = ["BODIES", "Anatomy", "Body", "build", "read"]

#: Kinds of bodies, and the package of each: it has ``build(height, mass) -> Body`` and ``read(mjcf) -> Anatomy``.
BODIES: dict[str, str] = {
    "capsules": "motionrecon.body.capsules",
}


def build(height: float, mass: float | None = None, kind: str = "capsules") -> Body:
    """Somebody of this height (m), with an average adult's proportions, and mass (kg) unless that is given."""
    return cast(Body, import_module(BODIES[kind]).build(height, mass))


def read(mjcf: str) -> Anatomy:
    """What a model's text that motionrecon wrote tells of the body; models of earlier versions are of capsules.

    Raises:
        ValueError: MuJoCo cannot read it, or it says that it is of a kind that is not known.
    """
    with quiet_mujoco():
        model = mujoco.MjModel.from_xml_string(mjcf)
    text = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_TEXT, KIND)
    kind = "capsules"
    if text >= 0:
        first = int(model.text_adr[text])
        data = bytes(model.text_data[first : first + int(model.text_size[text])])
        kind = data.rstrip(b"\0").decode("ascii", "replace")
    if kind not in BODIES:
        raise ValueError(f"the model is of a body of the kind {kind!r}; known are {', '.join(BODIES)}")
    return cast(Anatomy, import_module(BODIES[kind]).read(mjcf))
