"""Another body, for the tests: a person of sticks with hinges of its own; its shape is how long legs and arms are."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from motionrecon.body.base import Body, ModelAlone, ShapePrior
from motionrecon.body.points import ByShape
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane

read = ModelAlone


@dataclass(frozen=True)
class Stick(Body):
    mjcf: str = field(init=False)
    leg: float = 0.45
    arm: float = 0.28
    ground: Ground = field(default_factory=Plane)
    timestep: float = 1 / 120
    height: float = 1.75
    mass: float = 60.0

    def __post_init__(self) -> None:
        root = ET.fromstring(Path(__file__).with_suffix(".xml").read_text().format(**vars(self)))
        self.ground.add_to(root.find("worldbody"), {"friction": "1 0.005 0.0001"})
        object.__setattr__(self, "mjcf", ET.tostring(root, encoding="unicode"))

    shape = property(lambda self: np.log([self.leg, self.arm]))
    shape_prior = property(lambda self: ShapePrior(np.log([0.45, 0.28]), np.full(2, 0.1), np.ones(2)))
    lengths = property(lambda self: {"leg": self.leg, "arm": self.arm})
    hinge_spread = property(lambda self: np.full(self.model.nu, np.inf))

    def reshaped(self, shape: np.ndarray) -> "Stick":
        return replace(self, leg=float(np.exp(shape[0])), arm=float(np.exp(shape[1])))

    def on(self, ground: Ground, timestep: float) -> "Stick":
        return replace(self, ground=ground, timestep=timestep)

    @cached_property
    def moves(self) -> ByShape:
        return ByShape.differences(lambda shape: self.reshaped(shape).model, self.shape, 1e-4)

    @cached_property
    def rest_qpos(self) -> np.ndarray:
        hanging = [self.model.joint(f"{side}_shoulder_x").qposadr[0] for side in ("left", "right")]
        return np.where(np.isin(np.arange(self.model.nq), hanging), -1.3, self.model.qpos0)
