"""The MJCF of a person who is a mesh: segments with their mass and inertia, hinges, capsules, feet that touch."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import SEEN
from motionrecon.body.hinge import Hinge
from motionrecon.body.marks import MARKED, MARKED_FACE
from motionrecon.body.mesh.segments import DENSITY
from motionrecon.body.mesh.template import Template, carrier_of, sole_carriers
from motionrecon.body.mjcf import CONTACT_NAMES, FOOT_POINTS, add_body, begun, finished, text
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS, SIDES, split, without_side
from motionrecon.ground.base import Ground

_SOLE_RADIUS = 0.018
#: Joints whose mark rides on the segment before the joint.
SEEN_ABOVE = ("shoulder", "elbow", "hip")
#: Weights of vertices that are not worth their bytes.
_LEAST = 0.002
#: Metres from a segment's middle, in any direction, that its matter is at least, where its mesh says otherwise.
_LEAST_SPREAD = 0.001


def masses(template: Template, mass: float) -> Float[np.ndarray, " S"]:
    """The segments' masses, kg: by their volumes and densities, scaled so that they make up the person's."""
    density = np.array([DENSITY[without_side(name)] for name in template.tree.names])
    share = template.moments[:, 3, 3] * density
    return np.asarray(mass * share / share.sum())


def write_mjcf(
    kind: str,
    template: Template,
    hinges: Mapping[str, tuple[Hinge, ...]],
    height: float,
    mass: float,
    timestep: float,
    ground: Ground,
    texts: Mapping[str, str] | None = None,
) -> str:
    """MJCF of a person on the ground, without their skin.

    Args:
        kind: of the body, of `motionrecon.body.BODIES`.
        template: the person in the zero pose.
        hinges: by their segments, names without a side.
        height: body height, metres.
        mass: body mass, kg. Scales inertia and actuator gains.
        timestep: simulation step, seconds.
        ground: what the person stands on.
        texts: what else the model says of the person, by names.

    Returns:
        The text of a complete model: it loads in plain MuJoCo.
    """
    root, world = begun(kind, timestep, ground, texts)
    bodies: dict[str, ET.Element] = {}
    joints: list[tuple[str, Hinge]] = []
    weights = masses(template, mass)
    names, parents = template.tree.names, template.tree.parents
    for i, name in enumerate(names):
        if i == 0:
            standing = -template.standing.min()
            body = ET.SubElement(world, "body", name=name, pos=text((0.0, 0.0, standing)))
            ET.SubElement(body, "freejoint", name="root")
        else:
            place = template.origins[i] - template.origins[parents[i]]
            body, own = add_body(bodies[names[parents[i]]], name, place, hinges.get(without_side(name), ()), mass)
            joints += own
        _inertial(body, template.moments[i], weights[i])
        if template.radii[i]:
            _capsule(body, name, template.capsules[i], template.radii[i])
        bodies[name] = body
    for name, point in zip(landmarks.NAMES, template.landmarks, strict=True):
        _sites(bodies, template, name, point, height)
    _balls(bodies, template)
    for side in SIDES:
        _instep(bodies, template, side)
    return finished(root, joints, mass)


def _inertial(body: ET.Element, moments: Float[np.ndarray, "4 4"], mass: float) -> None:
    """Mass, centre and inertia of a segment of even density."""
    volume = moments[3, 3]
    centre = moments[:3, 3] / volume
    second = mass * _spread_of_matter(moments[:3, :3] / volume - np.outer(centre, centre))
    inertia = np.trace(second) * np.eye(3) - second
    xx, yy, zz, xy, xz, yz = (inertia[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))
    ET.SubElement(body, "inertial", pos=text(centre), mass=f"{mass:.6g}", fullinertia=text((xx, yy, zz, xy, xz, yz)))


def _spread_of_matter(second: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """A segment's second moments about its centre, m^2, or the nearest that matter can have.

    A mesh that is folded into itself (an adult of half a metre has such shanks) may have those of none.
    """
    along, axes = np.linalg.eigh(second)
    return second if along[0] > 0 else np.asarray((axes * np.maximum(along, _LEAST_SPREAD**2)) @ axes.T)


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
    ET.SubElement(bodies[carrier], "site", name=name, pos=text(point - template.place(carrier)))
    mark = MARKED.get(part) or MARKED_FACE.get(part)
    if mark is None:
        return
    before = template.tree.names[template.tree.parents[template.index[carrier]]]
    above = before if part in SEEN_ABOVE else carrier
    offset = height * np.array(mark) * [1.0, OUTWARDS.get(side, 1.0), 1.0]
    ET.SubElement(bodies[above], "site", name=f"{SEEN}{name}", pos=text(point + offset - template.place(above)))


def _balls(bodies: dict[str, ET.Element], template: Template) -> None:
    """The balls under the feet, which bear load."""
    for name, place, carrier in zip(CONTACT_NAMES, template.soles, sole_carriers(template.tree), strict=True):
        ET.SubElement(
            bodies[template.tree.names[carrier]],
            "geom",
            {"class": "sole"},
            name=name,
            type="sphere",
            size=f"{_SOLE_RADIUS:.6g}",
            pos=text(place + _SOLE_RADIUS * np.eye(3)[2] - template.origins[carrier]),
        )


def _instep(bodies: dict[str, ET.Element], template: Template, side: str) -> None:
    """What is between the balls of a foot, and touches nothing."""
    forward, _, up = np.eye(3)
    foot, toes = f"{side}_foot", f"{side}_toes"
    first = len(FOOT_POINTS) * SIDES.index(side)
    balls = template.soles[first : first + len(FOOT_POINTS)] + _SOLE_RADIUS * up
    heel, inner, outer, toe = balls
    ankle, front = template.place(foot), 0.5 * (inner + outer)
    sole = template.standing[SIDES.index(side)]
    shapes = {
        f"{side}_instep": (foot, ankle - 0.3 * (ankle[2] - sole) * up, front + 0.02 * up, 0.034),
        f"{side}_edge_inner": (foot, heel, inner, 0.95 * _SOLE_RADIUS),
        f"{side}_edge_outer": (foot, heel, outer, 0.95 * _SOLE_RADIUS),
        f"{side}_toes": (toes, front + 0.02 * forward, toe, 0.95 * _SOLE_RADIUS),
    }
    for name, (carrier, start, end, radius) in shapes.items():
        _capsule(bodies[carrier], name, np.array([start, end]) - template.place(carrier), radius, "shape")


def with_skin(mjcf: str, template: Template) -> str:
    """The model with the person's skin in it.

    Args:
        mjcf: of `write_mjcf`.
        template: the person in the zero pose, as tall and long as in the model.
    """
    root = ET.fromstring(mjcf)
    vertices = template.vertices
    skin = ET.SubElement(ET.SubElement(root, "deformable"), "skin", name="skin", rgba="0.78 0.74 0.70 1")
    skin.set("vertex", " ".join(f"{v:.4f}" for v in vertices.ravel()))
    skin.set("face", " ".join(map(str, template.faces.ravel())))
    for i, name in enumerate(template.tree.names):
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
