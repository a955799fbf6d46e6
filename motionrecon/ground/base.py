"""What the rest of motionrecon knows of the ground: how far a point is above it, and what is simulated of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Protocol

import numpy as np
from jaxtyping import Float


class Ground(Protocol):
    """A surface that feet stand on, in a Z-up world, metres.

    Its height is one of the unknowns of the kinematic fit. The simulation knows it as geoms of the world.

    An implementation is a dataclass whose fields are arrays and plain values (or dataclasses of such): checkpoints
    depend on all of them, and `motionrecon.core.arrays.pack` takes them apart.
    """

    @property
    def height(self) -> float:
        """How far it was raised since it was made, metres: what an uncalibrated video's fit adds up."""

    def gap(self, points: Float[np.ndarray, "*any 3"]) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any 3"]]:
        """How far points are above the surface, and which way is away from it there.

        Returns:
            the height, metres, negative under the surface; and the unit normal, which is the height's derivative by the
            point. A ground that is raised by h loses h times the normal's z of height.
        """

    def raised(self, by: float) -> Ground:
        """The same ground, higher by so many metres."""

    def add_to(self, world: ET.Element, contact: dict[str, str]) -> None:
        """Add geoms to the ``worldbody`` of an MJCF model.

        Their ``contype`` is 1 and their ``conaffinity`` 0: parts of a body that may touch them have it the other way
        round.

        Args:
            world: the element.
            contact: the attributes that make contact with the person what it is (``solref``, ``friction``, ...).
        """


def tangents(normal: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 2 3"]:
    """Two unit vectors along a surface of these unit normals, at right angles to each other; x and y where it is level.

    Source: Duff et al. (2017), Building an orthonormal basis, revisited. JCGT 6(1).
    """
    x, y, z = np.moveaxis(normal, -1, 0)
    sign = np.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    first = np.stack([1.0 + sign * x * x * a, sign * b, -sign * x], axis=-1)
    second = np.stack([b, sign + y * y * a, -y], axis=-1)
    return np.stack([first, second], axis=-2)
