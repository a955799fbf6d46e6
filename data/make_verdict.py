"""Fits what signs are worth to the errors of tuning clips: ``python -m motionrecon.data.make_verdict``.

It prints the tables of ``motionrecon/verdict/weights.py``. Its data, ``data/verdict/joints.csv`` and ``forces.csv``,
have a line for each reconstruction of a tuning clip whose truth is known: the clip, what was done to what was seen in
it, the error, and the number of every sign. The errors are MPJPE, millimetres, of kinematic motions, and that of the
vertical ground force, averaged over an eighth of a second, in percent of the body weight, against m (a + g) of the true
motion.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import lsq_linear

from motionrecon.verdict.law import Law, Weight

FOLDER = Path(__file__).parent / "verdict"
#: Files, and the columns that stand before the signs' in each.
JOINTS, FORCES = "joints.csv", "forces.csv"
ABOUT = ("clip", "spoiled", "error")
#: What keypoints that somebody spoiled count, beside those as they were detected.
SPOILED = 0.5
#: Each sign's power is held near nothing by so many clips' worth of doubt, and left out below the least.
DOUBT, LEAST = 0.36, 0.02


class Measured(NamedTuple):
    """Reconstructions whose errors are known.

    Attributes:
        clips: each one's clip.
        spoiled: (N,) whether something was done to what was seen.
        errors: (N,) what the law is to foretell.
        numbers: (N, S) of the signs; NaN where one tells nothing.
        signs: their names.
    """

    clips: Sequence[str]
    spoiled: Bool[np.ndarray, " N"]
    errors: Float[np.ndarray, " N"]
    numbers: Float[np.ndarray, "N S"]
    signs: Sequence[str]

    def part(self, kept: Bool[np.ndarray, " N"]) -> Measured:
        """The same of some of the lines."""
        clips = [clip for clip, keep in zip(self.clips, kept, strict=True) if keep]
        return Measured(clips, self.spoiled[kept], self.errors[kept], self.numbers[kept], self.signs)


def read(name: str) -> Measured:
    """The lines of one of the files."""
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    signs = [column for column in rows[0] if column not in ABOUT]
    numbers = np.array([[float(row[sign] or "nan") for sign in signs] for row in rows])
    errors = np.array([float(row["error"]) for row in rows])
    return Measured(
        [row["clip"] for row in rows], np.array([bool(row["spoiled"]) for row in rows]), errors, numbers, signs
    )


def fitted(measured: Measured) -> Law:
    """The law that foretells these errors best: least squares of logarithms, powers not negative, with a ridge."""
    untouched = measured.numbers[~measured.spoiled]
    usual = np.nan_to_num(np.nanmedian(untouched, axis=0))
    high, highest = np.nanpercentile(measured.numbers, [95, 100], axis=0)
    scale = np.max([usual, 0.5 * high, 0.1 * highest, np.full_like(usual, 1e-9)], axis=0)
    grown = np.log1p(np.where(np.isfinite(measured.numbers), measured.numbers, usual) / scale)
    root = np.sqrt(np.where(measured.spoiled, SPOILED, 1.0))
    S = grown.shape[1]
    left = np.concatenate([root[:, None] * np.insert(grown, 0, 1.0, axis=1), np.sqrt(DOUBT) * np.eye(S + 1)[1:]])
    right = np.concatenate([root * np.log(measured.errors), np.zeros(S)])
    found = lsq_linear(left, right, (np.array([-np.inf, *np.zeros(S)]), np.inf)).x
    kept = found[1:] > LEAST
    if not kept.all():
        less = Measured(
            measured.clips,
            measured.spoiled,
            measured.errors,
            measured.numbers[:, kept],
            [sign for sign, keep in zip(measured.signs, kept, strict=True) if keep],
        )
        return fitted(less)
    weights = zip(measured.signs, scale, found[1:], usual, strict=True)
    return Law(
        float(f"{np.exp(found[0]):.3g}"),
        {sign: Weight(*(float(f"{value:.3g}") for value in values)) for sign, *values in weights},
    )


def foretold(law: Law, measured: Measured) -> Float[np.ndarray, " N"]:
    """What a law expects of each line."""
    return np.array([law.expected(dict(zip(measured.signs, row, strict=True))) for row in measured.numbers])


def main() -> None:
    """The command line."""
    for name, file in (("POSE_LAW", JOINTS), ("FORCE_LAW", FORCES)):
        law = fitted(read(file))
        print(f"{name} = Law(\n    {law.base},\n    {{")
        for sign, weight in law.weights.items():
            print(f'        "{sign}": Weight({weight.scale}, {weight.power}, {weight.usual}),')
        print("    },\n)")


if __name__ == "__main__":
    main()
