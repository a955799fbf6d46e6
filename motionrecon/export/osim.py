"""OSIM: the person as an OpenSim model, of this person's size and mass, without muscles.

The ``.trc``'s markers are its markers, the ``.mot`` of angles moves its coordinates, and the ``.mot`` of forces acts on
its feet: open the model, then load the motion. Bodies, joints and coordinates have the names of OpenSim's gait2392 and
Rajagopal2016 (`motionrecon.export.opensim`), Y is up, and each body's mass, centre of mass and inertia are those that
were simulated; what has no joint of its own there (a hand on a forearm) counts with what carries it.

Coordinates that this person's body cannot move stand locked at their values (``pro_sup_r``: a forearm whose palm does
not turn).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import zero_pose
from motionrecon.core.files import atomic
from motionrecon.export.opensim import AXES, OpenSimBody, OpenSimCoordinate, bodies_of

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Half the side-to-side width of what is drawn of a body, as a share of its length.
_SLIM = 0.18


def write(motion: Motion, path: str | Path) -> None:
    """Write the person of ``motion`` to ``path``.

    Raises:
        OutputError: the file cannot be written.
    """
    document = ET.Element("OpenSimDocument", Version="40000")
    model = ET.SubElement(document, "Model", name=Path(path).stem)
    _text(model, "credits", "The person of a video, by motionrecon. Bodies without muscles; forces are simulated.")
    _text(model, "length_units", "meters")
    _text(model, "force_units", "N")
    _text(model, "gravity", _numbers([0.0, motion.model.opt.gravity[2], 0.0]))
    ET.SubElement(model, "Ground", name="ground")
    bodies = _objects(model, "BodySet", "bodyset")
    joints = _objects(model, "JointSet", "jointset")
    markers = _objects(model, "MarkerSet", "markerset")
    person = _Person(motion)
    for body in person.bodies:
        _write_body(bodies, body, person)
        _write_joint(joints, body)
    for name, carrier, place in person.markers():
        marker = ET.SubElement(markers, "Marker", name=name)
        _text(marker, "socket_parent_frame", f"/bodyset/{carrier}")
        _text(marker, "location", _numbers(place))
        _text(marker, "fixed", "true")
    ET.indent(document)
    with atomic(path) as temporary:
        ET.ElementTree(document).write(temporary, encoding="utf-8", xml_declaration=True)


@dataclass(frozen=True)
class _Mass:
    """Of a body, in its own axes: kilograms, metres from its start, kg m^2 about the centre of mass."""

    mass: float
    centre: Float[np.ndarray, " 3"]
    inertia: Float[np.ndarray, "3 3"]


class _Person:
    """The bodies of a person in the zero pose, and what rides on them."""

    def __init__(self, motion: Motion) -> None:
        self._motion, self._model = motion, motion.model
        self.bodies = bodies_of(motion.body)
        self._zero = zero_pose(self._model)
        of_segment = {body.segment.body: body for body in self.bodies}
        self._carrier = [self.bodies[0]]
        for i in range(1, self._model.nbody):
            self._carrier.append(of_segment.get(i) or self._carrier[self._model.body_parentid[i]])

    def mass(self, body: OpenSimBody) -> _Mass:
        """What a body and all that has no joint of its own on it weigh together."""
        parts = [i for i in range(1, self._model.nbody) if self._carrier[i] is body]
        masses = self._model.body_mass[parts]
        total = float(masses.sum())
        centres = np.array([self._within(body, self._zero.inertial[0, i]) for i in parts])
        centre = masses @ centres / total if total > 0 else np.zeros(3)
        inertia = np.zeros((3, 3))
        for i, mass, own in zip(parts, masses, centres, strict=True):
            turned = self._axes(body).T @ self._zero.rotations[0, i] @ _matrix(self._model.body_iquat[i])
            off = own - centre
            inertia += turned @ np.diag(self._model.body_inertia[i]) @ turned.T
            inertia += mass * (off @ off * np.eye(3) - np.outer(off, off))
        return _Mass(total, centre, inertia)

    def markers(self) -> list[tuple[str, str, Float[np.ndarray, " 3"]]]:
        """The landmarks: name, body, and place on it."""
        marks = self._motion.body.landmarks
        places = self._zero.at(marks)[0]
        carriers = [self._carrier[i] for i in marks.bodies]
        return [
            (name, carrier.name, self._within(carrier, place))
            for name, carrier, place in zip(marks.names, carriers, places, strict=True)
        ]

    def end(self, body: OpenSimBody) -> Float[np.ndarray, " 3"]:
        """Where the farthest thing that rides on a body is, in its axes: how far to draw it."""
        rides = [place for _, carrier, place in self.markers() if carrier == body.name]
        rides += [child.centre for child in self.bodies if child.parent is body]
        return max(rides, key=lambda place: float(np.linalg.norm(place)), default=np.zeros(3))

    def _axes(self, body: OpenSimBody) -> Float[np.ndarray, "3 3"]:
        return np.asarray(body.segment.turned(self._zero)[0])

    def _within(self, body: OpenSimBody, place: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
        return np.asarray(self._axes(body).T @ (place - body.start(self._zero)[0]))


def _write_body(bodies: ET.Element, body: OpenSimBody, person: _Person) -> None:
    found = person.mass(body)
    element = ET.SubElement(bodies, "Body", name=body.name)
    _draw(element, body.name, found.centre, person.end(body))
    _text(element, "mass", f"{found.mass:.6g}")
    _text(element, "mass_center", _numbers(found.centre))
    inertia = found.inertia
    _text(element, "inertia", _numbers([*np.diag(inertia), inertia[0, 1], inertia[0, 2], inertia[1, 2]]))


def _draw(element: ET.Element, name: str, centre: Float[np.ndarray, " 3"], end: Float[np.ndarray, " 3"]) -> None:
    """An ellipsoid from the body's start to its end, so that something can be seen."""
    half = 0.5 * np.abs(end)
    radii = np.maximum(half, _SLIM * max(float(half.max()), 0.05))
    middle = 0.5 * end if half.max() > 0 else centre
    parts = ET.SubElement(element, "components")
    frame = ET.SubElement(parts, "PhysicalOffsetFrame", name=f"{name}_middle")
    shapes = ET.SubElement(frame, "attached_geometry")
    shape = ET.SubElement(shapes, "Ellipsoid", name=f"{name}_shape")
    _text(shape, "socket_frame", "..")
    _text(shape, "radii", _numbers(radii))
    _text(frame, "socket_parent", "..")
    _text(frame, "translation", _numbers(middle))
    _text(frame, "orientation", "0 0 0")


def _write_joint(joints: ET.Element, body: OpenSimBody) -> None:
    element = ET.SubElement(joints, "CustomJoint", name=body.joint)
    parent = "ground" if body.parent is None else body.parent.name
    frames = {f"{parent}_offset": ("/ground" if body.parent is None else f"/bodyset/{parent}", body.centre)}
    frames[f"{body.name}_offset"] = (f"/bodyset/{body.name}", np.zeros(3))
    for socket, frame in zip(("parent", "child"), frames, strict=True):
        _text(element, f"socket_{socket}_frame", frame)
    coordinates = ET.SubElement(element, "coordinates")
    for coordinate in body.coordinates:
        one = ET.SubElement(coordinates, "Coordinate", name=coordinate.name)
        rest = 0.0 if body.parent is None and coordinate.turns else coordinate.rest
        _text(one, "default_value", f"{rest:.9g}")
        _text(one, "range", _numbers([-2 * np.pi, 2 * np.pi] if coordinate.turns else [-100.0, 100.0]))
        _text(one, "clamped", "false")
        _text(one, "locked", str(coordinate.still).lower())
    offsets = ET.SubElement(element, "frames")
    for name, (at, place) in frames.items():
        offset = ET.SubElement(offsets, "PhysicalOffsetFrame", name=name)
        _text(offset, "socket_parent", at)
        _text(offset, "translation", _numbers(place))
        _text(offset, "orientation", "0 0 0")
    _write_axes(ET.SubElement(element, "SpatialTransform"), body.coordinates)


def _write_axes(element: ET.Element, coordinates: tuple[OpenSimCoordinate, ...]) -> None:
    of = {coordinate.place: coordinate for coordinate in coordinates}
    for i, axis in enumerate(AXES):
        kind = "rotation" if i < 3 else "translation"
        one = ET.SubElement(element, "TransformAxis", name=f"{kind}{i % 3 + 1}")
        if i in of:
            _text(one, "coordinates", of[i].name)
            _text(one, "axis", _numbers(of[i].axis))
            _text(ET.SubElement(one, "LinearFunction", name="function"), "coefficients", "1 0")
        else:
            _text(one, "axis", _numbers(axis))
            _text(ET.SubElement(one, "Constant", name="function"), "value", "0")


def _objects(model: ET.Element, kind: str, name: str) -> ET.Element:
    return ET.SubElement(ET.SubElement(model, kind, name=name), "objects")


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def _matrix(quaternion: Float[np.ndarray, " 4"]) -> Float[np.ndarray, "3 3"]:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)
