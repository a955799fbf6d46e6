"""Somebody as they are described before anything is seen of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: What a person's sex may be given as.
SEXES = ("female", "male", "neutral")
#: Years of an adult.
ADULT = 30.0
#: Metres under which somebody whose age is not given is taken for a child: of adults one in some thousands is as short.
SHORTEST_ADULT = 1.35
#: Years, and the median stature of children (R. J. Kuczmarski et al., CDC growth charts, 2002; both sexes), metres.
_YEARS_TALL = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0)
_STATURE = (0.50, 0.75, 0.86, 0.95, 1.02, 1.09, 1.15, 1.22, 1.28, 1.33, 1.38)
#: Years, and the median body mass index of children (the same charts), kg/m^2; the last is an average healthy adult's.
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
        """Years; where nobody said, an adult's, or those at which children are so tall."""
        if self.age is not None:
            return self.age
        return ADULT if self.height >= SHORTEST_ADULT else float(np.interp(self.height, _STATURE, _YEARS_TALL))

    @property
    def likely_mass(self) -> float:
        """Kilograms; an average person's of this height and age where nothing is known."""
        return float(np.interp(self.likely_age, _YEARS, _BMI)) * self.height**2 if self.mass is None else self.mass
