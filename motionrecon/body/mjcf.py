"""What the MJCF of every person has alike: how it is simulated, how it touches the ground, how its hinges are driven.

World and T pose: x forward, y left, z up; every body's frame is parallel to the pelvis's, and its origin is the centre
of the joint that carries it. The 33 BlazePose landmarks are sites of the same names.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence

from motionrecon.body.base import KIND
from motionrecon.body.hinge import Hinge, mirrored
from motionrecon.core import landmarks
from motionrecon.core.sides import SIDES, side_of
from motionrecon.ground.base import Ground

#: Names of the geoms of one foot that bear load, from back to front; a geom is called ``{side}_{point}``.
FOOT_POINTS = ("heel", "ball_inner", "ball_outer", "toe")
CONTACT_NAMES: tuple[str, ...] = tuple(f"{side}_{point}" for side in SIDES for point in FOOT_POINTS)

# Contacts give way over a centimetre of depth and start from little stiffness: a rollout is then smooth enough for
# second-order optimization when a foot comes down. The slope of the friction pyramid is twice what shoes need, since it
# also says how slowly a loaded sole creeps that is pushed sideways: with the square of its inverse.
_CONTACT = {
    "solimp": "0.05 0.9 0.012 0.5 2",
    "solref": "0.02 1",
    "friction": "2 0.005 0.0001",
    "condim": "3",
}
# The sole bears load from this far above the floor, metres: what a standing person sinks into so soft a contact.
_SOLE_PAD = "0.01"
# Makes up for what a slope of 2 instead of 1 softens contacts by along their normal: 2^2 times (1 + 2^2) / 2.
_IMPRATIO = "10"


def text(values: Iterable[float]) -> str:
    """Numbers as MJCF has them."""
    return " ".join(f"{v:.6g}" for v in values)


def begun(
    kind: str, timestep: float, ground: Ground, texts: Mapping[str, str] | None = None
) -> tuple[ET.Element, ET.Element]:
    """The model of a person of a kind (of `motionrecon.body.BODIES`) on a ground, without the person.

    Args:
        kind: of the body.
        timestep: simulation step, seconds.
        ground: what the person stands on.
        texts: what else the model says of the person, by names.

    Returns:
        the model and its ``<worldbody>``. Geoms of the class ``flesh`` touch the ground, those of ``sole`` bear load
        from a little above it, those of ``shape`` touch nothing.
    """
    root = ET.Element("mujoco", model="motionrecon person")
    ET.SubElement(root, "compiler", angle="degree", autolimits="true")
    option = ET.SubElement(root, "option", timestep=repr(timestep), integrator="implicitfast", cone="pyramidal")
    # Dense, whatever the number of joints: MuJoCo 4.0.0's sparse solver is faulty (`physics.rollout`).
    option.attrib |= {"iterations": "30", "jacobian": "dense", "impratio": _IMPRATIO}
    ET.SubElement(ET.SubElement(root, "visual"), "global", offwidth="1280", offheight="720")
    custom = ET.SubElement(root, "custom")
    for name, said in ({KIND: kind} | dict(texts or {})).items():
        ET.SubElement(custom, "text", name=name, data=said)
    default = ET.SubElement(root, "default")
    ET.SubElement(default, "joint", damping="0", solreflimit="0.02 1", solimplimit="0 0.95 0.05 0.5 2")
    ET.SubElement(default, "site", size="0.01", group="4")
    # Parts touch the floor, never each other: the contacts that explain a video are the ones with the floor.
    for name, rgba, touches in (
        ("flesh", "0.78 0.74 0.70 1", 1),
        ("sole", "0.35 0.38 0.45 1", 1),
        ("shape", "0.35 0.38 0.45 1", 0),
    ):
        defaults = ET.SubElement(default, "default", {"class": name})
        pad = {"margin": _SOLE_PAD} if name == "sole" else {}
        touched = {"contype": "0", "conaffinity": str(touches), "rgba": rgba, "mass": "0"}
        ET.SubElement(defaults, "geom", touched | _CONTACT | pad)
    world = ET.SubElement(root, "worldbody")
    ET.SubElement(world, "light", pos="0 0 4", dir="0 0 -1", directional="true")
    ground.add_to(world, _CONTACT)
    return root, world


def add_body(
    parent: ET.Element, name: str, place: Iterable[float], hinges: Sequence[Hinge], mass: float
) -> tuple[ET.Element, list[tuple[str, Hinge]]]:
    """A body with its hinges; one whose name begins with ``right_`` gets mirrored axes.

    Args:
        parent: the body that carries it.
        name: of the body.
        place: of its origin in the parent's frame, metres.
        hinges: as on the left.
        mass: of the person, kg.

    Returns:
        the body, and its hinges by the joints' names.
    """
    element = ET.SubElement(parent, "body", name=name, pos=text(place))
    side = side_of(name)
    joints = []
    for hinge in hinges:
        joint = f"{side}_{hinge.name}" if side else hinge.name
        axis = mirrored(hinge.axis) if side == "right" else hinge.axis
        ET.SubElement(
            element,
            "joint",
            name=joint,
            axis=text(axis),
            range=text(hinge.range),
            armature=f"{1e-4 * mass:.6g}",
        )
        joints.append((joint, hinge))
    return element, joints


def finished(root: ET.Element, joints: Iterable[tuple[str, Hinge]], mass: float) -> str:
    """The model's text, with an actuator for each joint of a person of this mass (kg)."""
    actuator = ET.SubElement(root, "actuator")
    for joint, hinge in joints:
        kp = hinge.gain * mass
        ET.SubElement(actuator, "position", name=joint, joint=joint, kp=f"{kp:.6g}", kv=f"{hinge.damping * kp:.6g}")
    ET.indent(root)
    missing = set(landmarks.NAMES) - {site.get("name") for site in root.iter("site")}
    assert not missing, f"landmarks without a site: {missing}"
    return ET.tostring(root, encoding="unicode")
