"""Fits what signs are worth to the errors of tuning clips: ``python -m motionrecon.data.make_verdict``.

It prints the tables of ``motionrecon/verdict/weights.py``. Its data, ``data/verdict/joints.csv`` and ``forces.csv``,
are what `motionrecon.data.measure_verdict` writes: a line for each reconstruction of a tuning clip whose truth is
known, with the error that the law foretells, that of the final motion, and the number of every sign. The errors are
MPJPE, millimetres, the first of them of the motion before it was simulated, and those of the vertical ground force in
stance, percent (`motionrecon.research.bench.reconstruct.figures`). ``earlier.csv`` has such lines of joints
of 61 more clips, of motions that were not simulated, from clips that are no longer kept: most of people who were
rendered doing passages of ``data/poses`` (`motionrecon.data.make_rendered`), some of the woman of Pose2Sim's demo.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import lsq_linear
from scipy.stats import norm, spearmanr

from motionrecon.verdict.judge import ADDED, JOINTS_MM, expected
from motionrecon.verdict.law import Law, Weight
from motionrecon.verdict.signs import POSE

FOLDER = Path(__file__).parent / "verdict"
#: Files, and the columns that stand before the signs' in each.
JOINTS, EARLIER, FORCES = "joints.csv", "earlier.csv", "forces.csv"
ABOUT = ("clip", "action", "person", "variant", "error", "final")
#: Variants in which nothing was done to what was seen.
NATURAL = ("as given", "calibrated", "height unknown")
#: What keypoints that somebody spoiled count, beside those as they were detected.
SPOILED = 0.15
#: Each sign's power is held near nothing by so many clips' worth of doubt, and left out below the least.
DOUBT, LEAST = 0.36, 0.02
#: The signs that laws may weigh: of forces one, since what others tell of some actions is wrong of the next.
SIGNS = frozenset({*POSE, "off_the_film"} - {*ADDED})
#: A motion that is called good is off by more than so many millimetres in at most this share of cases.
BAD_MM, BAD_SHARE = 80.0, 0.1


class Measured(NamedTuple):
    """Reconstructions whose errors are known.

    Attributes:
        about: what each is of: its clip, action, person and variant.
        errors: (N,) what the law is to foretell.
        finals: (N,) the error of the motion as it is handed out.
        numbers: (N, S) of the signs; NaN where one tells nothing.
        signs: their names.
    """

    about: Sequence[tuple[str, str, str, str]]
    errors: Float[np.ndarray, " N"]
    finals: Float[np.ndarray, " N"]
    numbers: Float[np.ndarray, "N S"]
    signs: Sequence[str]

    def column(self, name: str) -> np.ndarray:
        """(N,) of `ABOUT`."""
        return np.array([line[ABOUT.index(name)] for line in self.about])

    @property
    def spoiled(self) -> Bool[np.ndarray, " N"]:
        """Whether something was done to what was seen."""
        return np.asarray(~np.isin(self.column("variant"), NATURAL))

    def part(self, kept: Bool[np.ndarray, " N"]) -> Measured:
        """The same of some of the lines."""
        about = [line for line, keep in zip(self.about, kept, strict=True) if keep]
        return Measured(about, self.errors[kept], self.finals[kept], self.numbers[kept], self.signs)

    def of_signs(self, kept: Bool[np.ndarray, " S"]) -> Measured:
        """The same with some of the signs."""
        signs = [sign for sign, keep in zip(self.signs, kept, strict=True) if keep]
        return Measured(self.about, self.errors, self.finals, self.numbers[:, kept], signs)


def read(*names: str) -> Measured:
    """The lines of some of the files."""
    rows: list[dict[str, str]] = []
    for name in names:
        with (FOLDER / name).open(newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    signs = [column for column in rows[0] if column not in ABOUT]
    numbers = np.array([[float(row[sign] or "nan") for sign in signs] for row in rows])
    about = [(row["clip"], row["action"], row["person"], row["variant"]) for row in rows]
    errors, finals = (np.array([float(row[column]) for row in rows]) for column in ("error", "final"))
    return Measured(about, errors, finals, numbers, signs)


def fitted(measured: Measured) -> Law:
    """The law that foretells these errors best: least squares of logarithms, powers not negative, with a ridge."""
    return _fitted(measured.of_signs(np.array([sign in SIGNS for sign in measured.signs])))


def _fitted(measured: Measured) -> Law:
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
        return _fitted(measured.of_signs(kept))
    weights = zip(measured.signs, scale, found[1:], usual, strict=True)
    return Law(
        float(f"{np.exp(found[0]):.3g}"),
        {sign: Weight(*(float(f"{value:.3g}") for value in values)) for sign, *values in weights},
    )


def foretold(law: Law, measured: Measured) -> Float[np.ndarray, " N"]:
    """What a verdict with this law expects of each line."""
    return np.array([expected(law, dict(zip(measured.signs, row, strict=True))) for row in measured.numbers])


def of_others(measured: Measured) -> Float[np.ndarray, " N"]:
    """What is expected of each line by the law of the lines of other actions and other people."""
    found = np.empty(len(measured.errors))
    actions, persons = measured.column("action"), measured.column("person")
    for action, person in sorted(set(zip(actions.tolist(), persons.tolist(), strict=True))):
        there = (actions == action) & (persons == person)
        found[there] = foretold(fitted(measured.part((actions != action) & (persons != person))), measured.part(there))
    return found


def good_below(foretelling: Float[np.ndarray, " N"], errors: Float[np.ndarray, " N"]) -> float:
    """The most whole millimetres below which, expected, at most `BAD_SHARE` are worse than `BAD_MM`; 0 for none.

    That must hold of the lines themselves, and of errors that are spread about what is expected of these lines as those
    of all are, log-normally: of the few that are bad a single one moves the bound by 5 mm.
    """
    off = np.log(errors / foretelling)
    bad = norm.sf((np.log(BAD_MM / foretelling) - off.mean()) / off.std())
    for most in range(int(BAD_MM), 0, -1):
        called = foretelling < most
        if called.any() and max(bad[called].mean(), np.mean(errors[called] > BAD_MM)) <= BAD_SHARE:
            return float(most)
    return 0.0


def main() -> None:
    """The command line."""
    for name, files in (("POSE_LAW", (JOINTS, EARLIER)), ("FORCE_LAW", (FORCES,))):
        measured = read(*files)
        law, natural = fitted(measured), ~measured.spoiled
        others, errors = of_others(measured)[natural], measured.finals[natural]
        rank, off = spearmanr(others, errors)[0], np.log(errors / others)
        print(
            f"# Of {len(errors)} lines that nothing was done to, by the law of other actions and people, ranks agree by"
        )
        print(
            f"# {rank:.2f}; errors are {np.exp(off.mean()):.2f} times what is expected, give or take {off.std():.2f}."
        )
        if JOINTS in files:
            good = good_below(others, errors)
            for word, low, high in (("good", 0.0, good), ("fair", good, JOINTS_MM[1]), ("poor", JOINTS_MM[1], np.inf)):
                mine = (others >= low) & (others < high)
                told = f"{others[mine].mean():.0f} mm expected, {errors[mine].mean():.0f} mm true"
                print(
                    f"# {word}: {mine.sum()}, {told}, {np.mean(errors[mine] > BAD_MM):.0%} worse than {BAD_MM:.0f} mm"
                )
            print(f"GOOD_MM = {good}")
        print(f"{name} = Law(\n    {law.base},\n    {{")
        for sign, weight in law.weights.items():
            print(f'        "{sign}": Weight({weight.scale}, {weight.power}, {weight.usual}),')
        print("    },\n)")


if __name__ == "__main__":
    main()
