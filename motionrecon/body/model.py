"""The one interface through which kinematics and physics see a person's body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import mujoco
import numpy as np

from motionrecon.body.capsules.joints import HINGES
from motionrecon.body.capsules.marks import SEEN
from motionrecon.body.capsules.mjcf import CONTACT_NAMES, write_mjcf
from motionrecon.body.capsules.proportions import Proportions
from motionrecon.body.capsules.segments import TYPICAL_BMI
from motionrecon.core import landmarks


@dataclass(frozen=True)
class Body:
    """A person as a MuJoCo model: what physics, objective and export know of a body.

    Attributes:
        mjcf: the model's text, complete in itself.
        height: metres.
        mass: kilograms.
        proportions: lengths between the joints, metres.
    """

    mjcf: str
    height: float
    mass: float
    proportions: Proportions

    @staticmethod
    def build(
        height: float, mass: float | None = None, proportions: Proportions | None = None, timestep: float = 1 / 120
    ) -> Body:
        """A capsule body of this height (m); an average adult's mass (kg) and proportions unless given."""
        mass = TYPICAL_BMI * height**2 if mass is None else mass
        proportions = proportions or Proportions.typical(height)
        return Body(write_mjcf(height, mass, proportions, timestep), height, mass, proportions)

    @cached_property
    def model(self) -> mujoco.MjModel:
        return mujoco.MjModel.from_xml_string(self.mjcf)

    @cached_property
    def landmark_sites(self) -> np.ndarray:
        """(33,) site ids in the order of `landmarks.NAMES`."""
        return np.array([self.model.site(name).id for name in landmarks.NAMES])

    @cached_property
    def seen_sites(self) -> np.ndarray:
        """(33,) ids of the sites where the detector marks the landmarks, in the order of `landmarks.NAMES`."""
        named = {self.model.site(i).name: i for i in range(self.model.nsite)}
        return np.array([named.get(SEEN + name, named[name]) for name in landmarks.NAMES])

    @cached_property
    def contact_geoms(self) -> np.ndarray:
        """(8,) geom ids of the feet's load-bearing points, in the order of `contact_names`."""
        return np.array([self.model.geom(name).id for name in self.contact_names])

    @property
    def contact_names(self) -> tuple[str, ...]:
        return CONTACT_NAMES

    @cached_property
    def hinge_qpos(self) -> np.ndarray:
        """(nu,) index into qpos of the hinge that each actuator turns, in the actuators' order."""
        return self.model.jnt_qposadr[self.model.actuator_trnid[:, 0]]

    @cached_property
    def rest_qpos(self) -> np.ndarray:
        """(nq,) a relaxed standing pose, arms hanging, facing +x."""
        rest = {hinge.name: hinge.rest for hinges in HINGES.values() for hinge in hinges}
        q = self.model.qpos0.copy()
        for j in range(1, self.model.njnt):
            name = self.model.joint(j).name.removeprefix("left_").removeprefix("right_")
            q[self.model.jnt_qposadr[j]] = np.radians(rest[name])
        return q

    def point_derivatives(self, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How what the detector sees and the feet move when the person's lengths change and the joints' angles do not.

        Args:
            rotations: (T, nbody, 3, 3) orientations of the bodies (`pose.Pose.rotations`).

        Returns:
            (T, 33, 3, k) and (T, 8, 3, k): derivative of the world positions of `seen_sites` and of the contact spheres
            with respect to the k `proportions`.
        """
        model = self.model
        bodies, sites, geoms = _offsets_by_length()
        origin = np.zeros((len(rotations), model.nbody, 3, bodies.shape[-1]))
        for b in range(2, model.nbody):
            parent = model.body_parentid[b]
            origin[:, b] = origin[:, parent] + rotations[:, parent] @ bodies[b]
        site_body = model.site_bodyid[self.seen_sites]
        geom_body = model.geom_bodyid[self.contact_geoms]
        return (
            origin[:, site_body] + rotations[:, site_body] @ sites[self.seen_sites],
            origin[:, geom_body] + rotations[:, geom_body] @ geoms[self.contact_geoms],
        )


@lru_cache(maxsize=1)
def _offsets_by_length() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Derivative (n, 3, k) of the local offsets of bodies, sites and geoms by the k proportions.

    The offsets are linear in the lengths, so a difference of two models is exact, whoever the person is.
    """
    lengths = Proportions.typical(1.7).as_array()
    base = Body.build(1.7, 70.0).model
    columns = []
    for i in range(len(lengths)):
        longer = lengths.copy()
        longer[i] += 0.1
        other = Body.build(1.7, 70.0, Proportions.from_array(longer)).model
        columns.append([(getattr(other, f) - getattr(base, f)) / 0.1 for f in ("body_pos", "site_pos", "geom_pos")])
    bodies, sites, geoms = (np.stack(column, axis=-1) for column in zip(*columns, strict=True))
    return bodies, sites, geoms
