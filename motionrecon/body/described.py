"""Somebody as they are described before anything is seen of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: What a person's sex may be given as.
SEXES = ("female", "male", "neutral")
#: Years of somebody whose age is not given.
ADULT = 30.0
#: Years, and the median body mass index of children (R. J. Kuczmarski et al., CDC growth charts, 2002; both sexes); the
#: last one is that of an average healthy adult, kg/m^2.
_YEARS = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0)
_BMI = (16.5, 15.5, 15.4, 15.8, 16.6, 17.8, 19.2, 20.5, 22.5)


@dataclass(frozen=True)
class Described:
    """What is known of a person.

    Attributes:
        height: metres.
        mass: kilograms, None where it is not known.
        sex: one of `SEXES`; neutral is half way between the others.
        age: years, None where it is not known.
        kind: of the body that stands for them, of `motionrecon.body.BODIES`.
        body_model: the file, or a folder with the files, that the body is made from; None where it needs none.
    """

    height: float
    mass: float | None = None
    sex: str = "neutral"
    age: float | None = None
    kind: str = "capsules"
    body_model: Path | None = None

    @property
    def likely_age(self) -> float:
        """Years; an adult's where nothing is known."""
        return ADULT if self.age is None else self.age

    @property
    def likely_mass(self) -> float:
        """Kilograms; an average person's of this height and age where nothing is known."""
        return float(np.interp(self.likely_age, _YEARS, _BMI)) * self.height**2 if self.mass is None else self.mass
