"""The one interface through which kinematics and physics see a person's body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np

from .. import landmarks
from .joints import HINGES
from .mjcf import CONTACT_NAMES, write_mjcf
from .proportions import Proportions
from .segments import TYPICAL_BMI


@dataclass(frozen=True)
class Body:
    """A person as a MuJoCo model. Any other body (a skinned one, say) that has these members can take its place.

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
