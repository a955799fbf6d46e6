"""The MJCF of a person of Anny: segments with their mesh's mass and inertia, hinges, capsules, feet that touch."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
from jaxtyping import Float

from motionrecon.body.anny.joints import HINGES
from motionrecon.body.anny.segments import MIDDLE, SIDED
from motionrecon.body.anny.template import INDEX, PARENTS, SEGMENTS, Template, carrier_of
from motionrecon.body.base import SEEN
from motionrecon.body.hinge import Hinge
from motionrecon.body.marks import MARKED
from motionrecon.body.mjcf import add_body, begun, finished, text
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS, SIDES, split, without_side
from motionrecon.ground.base import Ground

_SOLE_RADIUS = 0.018
#: The balls under a foot: how far from the heel's landmark to the toes' tip and from the middle outwards, in shares of
#: the foot's length; the segment that carries each.
_BALLS = {
    "heel": (0.06, 0.0, "foot"),
    "ball_inner": (0.74, -0.14, "foot"),
    "ball_outer": (0.66, 0.16, "foot"),
    "toe": (0.96, -0.05, "toes"),
}


def masses(template: Template, mass: float) -> Float[np.ndarray, " S"]:
    """The segments' masses, kg: by their volumes and densities, scaled so that they make up the person's."""
    density = np.array([(SIDED if split(name)[0] else MIDDLE)[split(name)[1]].density for name in SEGMENTS])
    share = template.moments[:, 3, 3] * density
    return np.asarray(mass * share / share.sum())


def write_mjcf(template: Template, height: float, mass: float, timestep: float, ground: Ground) -> str:
    """MJCF of a person on the ground, without their skin.

    Args:
        template: the person in the T pose.
        height: body height, metres.
        mass: body mass, kg. Scales inertia and actuator gains.
        timestep: simulation step, seconds.
        ground: what the person stands on.

    Returns:
        The text of a complete model: it loads in plain MuJoCo.
    """
    root, world = begun("anny", timestep, ground)
    bodies: dict[str, ET.Element] = {}
    joints: list[tuple[str, Hinge]] = []
    weights = masses(template, mass)
    for i, name in enumerate(SEGMENTS):
        if i == 0:
            standing = -template.soles.min()
            body = ET.SubElement(world, "body", name=name, pos=text((0.0, 0.0, standing)))
            ET.SubElement(body, "freejoint", name="root")
        else:
            parent = PARENTS[i]
            place = template.origins[i] - template.origins[parent]
            body, own = add_body(bodies[SEGMENTS[parent]], name, place, HINGES.get(without_side(name), ()), mass)
            joints += own
        _inertial(body, template.moments[i], weights[i])
        if template.radii[i]:
            _capsule(body, name, template.capsules[i], template.radii[i])
        bodies[name] = body
    for name, point in zip(landmarks.NAMES, template.landmarks, strict=True):
        _sites(bodies, template, name, point, height)
    for side, sign in OUTWARDS.items():
        _soles(bodies, template, side, sign)
    return finished(root, joints, mass)


def _inertial(body: ET.Element, moments: Float[np.ndarray, "4 4"], mass: float) -> None:
    """Mass, centre and inertia of a segment of even density."""
    volume = moments[3, 3]
    centre = moments[:3, 3] / volume
    second = mass * (moments[:3, :3] / volume - np.outer(centre, centre))
    inertia = np.trace(second) * np.eye(3) - second
    xx, yy, zz, xy, xz, yz = (inertia[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))
    ET.SubElement(body, "inertial", pos=text(centre), mass=f"{mass:.6g}", fullinertia=text((xx, yy, zz, xy, xz, yz)))


def _capsule(body: ET.Element, name: str, ends: Float[np.ndarray, "2 3"], radius: float, kind: str = "flesh") -> None:
    ET.SubElement(
        body,
        "geom",
        {"class": kind},
        name=name,
        type="capsule",
        fromto=text(ends.ravel()),
        size=f"{radius:.6g}",
    )


def _sites(
    bodies: dict[str, ET.Element], template: Template, name: str, point: Float[np.ndarray, " 3"], height: float
) -> None:
    """A landmark, and where the detector marks it if that is elsewhere: on the segment that carries the landmark, but
    before its joint, as on a photograph, where the joint is one of shoulder, elbow, hip."""
    side, part = split(name)
    carrier = carrier_of(name)
    ET.SubElement(bodies[carrier], "site", name=name, pos=text(point - template.origins[INDEX[carrier]]))
    if part not in MARKED:
        return
    above = SEGMENTS[PARENTS[INDEX[carrier]]] if part in _SEEN_ABOVE else carrier
    offset = height * np.array(MARKED[part]) * [1.0, OUTWARDS[side], 1.0]
    ET.SubElement(
        bodies[above], "site", name=f"{SEEN}{name}", pos=text(point + offset - template.origins[INDEX[above]])
    )


#: Joints whose mark rides on the segment before the joint.
_SEEN_ABOVE = ("shoulder", "elbow", "hip")


def _soles(bodies: dict[str, ET.Element], template: Template, side: str, sign: float) -> None:
    """The balls under a foot, and what is between them, which touches nothing."""
    foot, toes = f"{side}_foot", f"{side}_toes"
    heel, tip = (template.landmarks[landmarks.INDEX[f"{side}_{name}"]] for name in ("heel", "foot_index"))
    length = tip[0] - heel[0]
    sole = template.soles[SIDES.index(side)]
    places = {}
    for name, (along, outwards, carrier) in _BALLS.items():
        middle = template.origins[INDEX[foot], 1]
        places[name] = np.array([heel[0] + along * length, middle + sign * outwards * length, sole + _SOLE_RADIUS])
        origin = template.origins[INDEX[f"{side}_{carrier}"]]
        ET.SubElement(
            bodies[f"{side}_{carrier}"],
            "geom",
            {"class": "sole"},
            name=f"{side}_{name}",
            type="sphere",
            size=f"{_SOLE_RADIUS:.6g}",
            pos=text(places[name] - origin),
        )
    ankle, front = template.origins[INDEX[foot]], 0.5 * (places["ball_inner"] + places["ball_outer"])
    forward, _, up = np.eye(3)
    shapes = {
        f"{side}_instep": (foot, ankle - 0.3 * (ankle[2] - sole) * up, front + 0.02 * up, 0.034),
        f"{side}_edge_inner": (foot, places["heel"], places["ball_inner"], 0.95 * _SOLE_RADIUS),
        f"{side}_edge_outer": (foot, places["heel"], places["ball_outer"], 0.95 * _SOLE_RADIUS),
        f"{side}_toes": (toes, front + 0.02 * forward, places["toe"], 0.95 * _SOLE_RADIUS),
    }
    for name, (carrier, start, end, radius) in shapes.items():
        origin = template.origins[INDEX[carrier]]
        _capsule(bodies[carrier], name, np.array([start, end]) - origin, radius, "shape")


def with_skin(mjcf: str, template: Template) -> str:
    """The model with the person's skin in it.

    Args:
        mjcf: of `write_mjcf`.
        template: the person in the T pose, as tall and long as in the model.
    """
    root = ET.fromstring(mjcf)
    vertices = template.vertices
    skin = ET.SubElement(ET.SubElement(root, "deformable"), "skin", name="skin", rgba="0.78 0.74 0.70 1")
    skin.set("vertex", " ".join(f"{v:.4f}" for v in vertices.ravel()))
    skin.set("face", " ".join(map(str, template.faces.ravel())))
    for i, name in enumerate(SEGMENTS):
        vertex, column = np.nonzero((template.segments == i) & (template.weights > _LEAST))
        ET.SubElement(
            skin,
            "bone",
            body=name,
            bindpos=text(template.origins[i]),
            bindquat="1 0 0 0",
            vertid=" ".join(map(str, vertex)),
            vertweight=" ".join(f"{w:.3f}" for w in template.weights[vertex, column]),
        )
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


#: Weights of vertices that are not worth their bytes.
_LEAST = 0.002
