"""The verdict: one word, the error that is expected, and why."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot, inf, isfinite, nan

from motionrecon.verdict.evidence import Evidence
from motionrecon.verdict.forces import FORCE
from motionrecon.verdict.law import Law
from motionrecon.verdict.record import Verdict, Word
from motionrecon.verdict.signs import POSE, Sign
from motionrecon.verdict.weights import FORCE_LAW, GOOD_MM, POSE_LAW

#: Expected errors, millimetres, and percent of the force in stance: below the first a motion is good, from the second
#: on it is poor.
JOINTS_MM, FORCES_PERCENT = (GOOD_MM, 100.0), (15.0, 30.0)
#: Where the pictures cut the feet off in more of the frames, as a share, forces are guesses that no law foretells.
FEET_CUT_OFF = 0.5
#: Metres by which some joint must be seen to move so that anything is checked: in films of one photo the detector's
#: trembling moves one by 8 to 17 mm. All signs of what errs in time are small then, and tell nothing.
STILL = 0.02
#: Shares of the frames in which nobody is seen from which a motion is fair, and poor, at best.
GAPS = (0.1, 0.5)
#: Degrees by which lines contradict a calibration from which a motion is fair, and poor, at best: it leans as much.
HELD_OTHERWISE = (0.0, 15.0)
#: Signs, in the error's own unit, that add to what a law expects.
ADDED = ("moved_by_physics", "unlike_the_motion")
#: A sign is a reason that makes the error so many times larger than usual; so many reasons are given.
NOTABLE, MOST = 1.06, 4


def verdict(evidence: Evidence) -> Verdict:
    """How good a motion is expected to be; it costs a few hundredths of what finding it did."""
    numbers = _measured(evidence, POSE)
    joints, why = _judged(evidence, POSE, POSE_LAW, numbers)
    grades = [_grade(joints, JOINTS_MM)]
    for said, at_best in _beyond_the_law(evidence).items():
        why[said] = inf
        grades.append(at_best)
    forces = None
    if evidence.simulated.any() and evidence.feet_cut_off > FEET_CUT_OFF:
        off = 100 * evidence.feet_cut_off
        why[f"the feet are outside the picture in {off:.0f} % of the frames: forces are guesses"] = inf
        grades.append(1)
    elif evidence.simulated.any():
        acting = _measured(evidence, FORCE)
        forces, more = _judged(evidence, FORCE, FORCE_LAW, acting)
        numbers |= acting
        grades.append(_grade(forces, FORCES_PERCENT))
        why = {said: max(why.get(said, 0.0), more.get(said, 0.0)) for said in why | more}
    reasons = sorted((said for said, factor in why.items() if factor >= NOTABLE), key=lambda said: -why[said])
    told = {name: number for name, number in numbers.items() if isfinite(number)}
    return Verdict(list(Word)[max(grades)], joints, reasons[:MOST], forces, told)


def _beyond_the_law(evidence: Evidence) -> dict[str, int]:
    """What no law foretells, in words, and the place of the word that a motion deserves at best for it."""
    found = {}
    if evidence.figure.before_unknown_camera:  # however well the poses fit, the person's way is the camera's
        found["the camera moves, and nobody can tell how"] = 2
    views = evidence.figure.views
    for number, view in enumerate(views, start=1):
        if (off := view.held_otherwise) > 0.0:
            whose = "the camera's calibration" if len(views) == 1 else f"the calibration of the camera of film {number}"
            found[f"straight lines contradict {whose} by {off:.0f} degrees"] = _grade(off, HELD_OTHERWISE)
    if evidence.stir < STILL:
        found["nothing moves, so nothing could be checked against how people move"] = 1
    share, seconds = evidence.gaps
    if share > 0.0:
        percent, longest = max(1, round(100 * share)), max(0.1, seconds)  # a frame or two are not none
        found[f"nobody is seen in {percent} % of the frames, for up to {longest:.1f} s"] = _grade(share, GAPS)
    return found


def expected(law: Law, numbers: Mapping[str, float]) -> float:
    """The error that is expected of a motion with such signs.

    How far the simulation leaves the film has nothing to do with where the fit to the film is wrong, so that the
    squares of both add up.
    """
    return hypot(law.expected(numbers), *_added(numbers).values())


def _added(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: numbers[name] for name in ADDED if isfinite(numbers.get(name, nan))}


def _measured(evidence: Evidence, signs: Mapping[str, Sign]) -> dict[str, float]:
    return {name: sign.measure(evidence) for name, sign in signs.items()}


def _judged(
    evidence: Evidence, signs: Mapping[str, Sign], law: Law, numbers: Mapping[str, float]
) -> tuple[float, dict[str, float]]:
    """The error that is expected, and by what factor each sign, in words, makes it worse than usual."""
    by_law = law.expected(numbers)
    factors = law.worse(numbers) | {name: hypot(1.0, number / by_law) for name, number in _added(numbers).items()}
    worse = {name: factor for name, factor in factors.items() if factor > 1.0}
    return expected(law, numbers), {signs[name].say(evidence, numbers[name]): by for name, by in worse.items()}


def _grade(expected: float, bounds: tuple[float, float]) -> int:
    """0, 1 or 2: the place of its word."""
    return sum(expected >= bound for bound in bounds)
