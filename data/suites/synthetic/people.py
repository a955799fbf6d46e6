"""Who is seen: mannequins of both sexes, of heights and builds that go beyond what the fit expects of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionrecon.data import mannequin
from motionrecon.data.mannequin import INDEX, Mannequin
from motionrecon.data.scene import COLOURS

#: Anny's numbers of an adult, a child of 11 and somebody old.
_ADULT, _CHILD, _OLD = 2 / 3, 0.415, 0.92


@dataclass(frozen=True)
class Actor:
    """Somebody by Anny's numbers, and what they wear.

    Attributes:
        gender: 0 male, 1 female.
        height: about 1.36 + 1.1 times it in metres for a man, 1.22 + 1.1 times for a woman.
        weight, muscle: from little to much.
        proportions: 0 has long legs, 1 long arms and trunk.
        age: 1/3 is a child, 2/3 an adult, 1 old.
        skin, shirt, trousers, hair: red, green and blue.
    """

    gender: float
    height: float
    weight: float
    muscle: float
    proportions: float = 0.5
    age: float = _ADULT
    skin: tuple[float, float, float] = COLOURS["skin"]
    shirt: tuple[float, float, float] = COLOURS["shirt"]
    trousers: tuple[float, float, float] = COLOURS["trousers"]
    hair: tuple[float, float, float] = COLOURS["hair"]

    @property
    def colours(self) -> dict[str, tuple[float, float, float]]:
        """Of the garments, as of `motionrecon.data.scene.COLOURS`."""
        own = {"skin": self.skin, "shirt": self.shirt, "trousers": self.trousers, "hair": self.hair}
        return COLOURS | own

    def dressed(self) -> Mannequin:
        """The mannequin; Anny takes seconds to load."""
        return mannequin.build(self.gender, self.height, self.weight, self.muscle, self.age, self.proportions)


_PALE, _TAN, _BROWN, _DARK = (0.86, 0.68, 0.58), (0.74, 0.55, 0.42), (0.52, 0.36, 0.26), (0.33, 0.22, 0.17)
_BLACK, _BLOND, _GREY = (0.07, 0.06, 0.06), (0.62, 0.48, 0.27), (0.62, 0.62, 0.62)

#: Whom choices may be made on.
TUNING: dict[str, Actor] = {
    "man": Actor(0, 0.40, 0.45, 0.55, shirt=(0.15, 0.33, 0.52)),
    "woman": Actor(1, 0.36, 0.60, 0.40, skin=_BROWN, hair=_BLACK, shirt=(0.72, 0.62, 0.20)),
    "tall woman": Actor(1, 0.55, 0.30, 0.50, 0.2, skin=_PALE, hair=_BLOND, trousers=(0.30, 0.28, 0.26)),
    "short heavy man": Actor(0, 0.22, 0.90, 0.50, 0.8, skin=_TAN, shirt=(0.80, 0.80, 0.78)),
}
#: Nobody of whom anything is ever tuned or trained on.
TEST: dict[str, Actor] = {
    "tall thin man": Actor(0, 0.58, 0.20, 0.40, skin=_PALE, hair=_BLOND, shirt=(0.20, 0.42, 0.28)),
    "short heavy woman": Actor(1, 0.27, 1.00, 0.30, skin=_TAN, shirt=(0.52, 0.30, 0.55)),
    "short-legged man": Actor(0, 0.33, 0.60, 0.60, 1.0, skin=_DARK, hair=_BLACK, shirt=(0.85, 0.83, 0.80)),
    "long-legged woman": Actor(1, 0.48, 0.35, 0.50, 0.0, skin=_PALE, shirt=(0.75, 0.36, 0.16)),
    "muscular man": Actor(0, 0.42, 0.70, 1.00, skin=_BROWN, hair=_BLACK, shirt=(0.25, 0.26, 0.30)),
    "heavy man": Actor(0, 0.36, 1.15, 0.40, skin=_PALE, shirt=(0.20, 0.30, 0.55), trousers=(0.45, 0.40, 0.32)),
    "child": Actor(0.5, 0.42, 0.45, 0.45, age=_CHILD, skin=_TAN, shirt=(0.85, 0.72, 0.25)),
    "old woman": Actor(1, 0.33, 0.50, 0.20, age=_OLD, skin=_PALE, hair=_GREY, shirt=(0.45, 0.60, 0.65)),
}
PEOPLE: dict[str, Actor] = TUNING | TEST


@dataclass(frozen=True)
class Leg:
    """A leg of a mannequin, metres.

    Attributes:
        thigh, shank: lengths between the joints.
        ankle: height of the ankle over the sole.
        apart: half the distance of the hips.
    """

    thigh: float
    shank: float
    ankle: float
    apart: float

    @classmethod
    def of(cls, person: Mannequin) -> Leg:
        offsets = person.offsets
        thigh, shank = (float(np.linalg.norm(offsets[INDEX[f"left_{part}"]])) for part in ("shank", "foot"))
        apart = abs(float(offsets[INDEX["left_thigh"], 1]))
        return cls(thigh, shank, -float(person.local_vertices("left_foot")[:, 2].min()), apart)

    @property
    def hips(self) -> float:
        """Height of the hips over the floor when the leg is straight."""
        return self.thigh + self.shank + self.ankle
