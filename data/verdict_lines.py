"""The lines that verdicts are fitted to: tuning clips, reconstructed in many ways, with errors and signs of each."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.data.make_verdict import ABOUT
from motionrecon.data.spoiled import SPOILS, Spoiled
from motionrecon.data.suites import chosen_suites
from motionrecon.pipeline import reconstruct
from motionrecon.research.bench.reconstruct.measure import MOTION, BenchSettings, ClipResult, chosen, measure
from motionrecon.research.bench.reconstruct.suite import Split, Suite
from motionrecon.result.motion import Motion
from motionrecon.verdict.forces import FORCE
from motionrecon.verdict.signs import POSE

#: Clips that are filmed, and those of force plates, the errors of whose keypoints are made up.
FILMED, PLATES = "synthetic", "plates"
#: A height that nobody gives.
UNKNOWN = inspect.signature(reconstruct).parameters["height"].default


@dataclass(frozen=True)
class Variant:
    """A way in which clips are reconstructed.

    Attributes:
        settings: of the benchmark.
        spoiled: what is done to what was seen, of `motionrecon.data.spoiled.SPOILS`; empty for nothing.
    """

    settings: BenchSettings = field(default_factory=BenchSettings)
    spoiled: str = ""

    def of(self, suites: Sequence[Suite], place: Path) -> list[Suite]:
        """The suites, spoiled so."""
        return [Spoiled(suite, self.spoiled, place) for suite in suites] if self.spoiled else list(suites)


def _kinematic(calibrated: bool = False, spoiled: str = "", **given: Any) -> Variant:
    return Variant(BenchSettings(calibrated=calibrated, given={"physics": False} | given), spoiled)


#: By name. What is not simulated costs a sixth of what is.
VARIANTS = MappingProxyType(
    {
        "as given": Variant(),
        "calibrated": _kinematic(calibrated=True),
        "height unknown": Variant(BenchSettings(given={"height": UNKNOWN})),
        **{how: _kinematic(spoiled=how) for how in SPOILS},
    }
)


def lines_of(
    result: ClipResult, numbers: Mapping[str, float], variant: str
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The line of a reconstruction in the file of joints, and in that of forces.

    It is None where nobody knows the error, and of joints where no detector saw a film.

    Args:
        result: of the benchmark.
        numbers: of its signs.
        variant: of `VARIANTS`.
    """
    clip = result.clip
    about = {"clip": f"{clip.suite} {clip.name}", "action": clip.action, "person": clip.person, "variant": variant}

    def line(error: float, final: float, signs: Sequence[str]) -> dict[str, Any] | None:
        if not np.isfinite(final):
            return None
        told = {name: f"{numbers[name]:.4g}" for name in signs if name in numbers}
        return about | {"error": f"{error if np.isfinite(error) else final:.4g}", "final": f"{final:.4g}"} | told

    figures = result.figures
    joints = line(figures["kinematic_mpjpe_mm"], figures["mpjpe_mm"], list(POSE))
    return joints if clip.suite == FILMED else None, line(
        figures["force_stance_percent"], figures["force_stance_percent"], list(FORCE)
    )


def write(path: Path, lines: Sequence[dict[str, Any]], signs: Sequence[str]) -> None:
    """A file of lines."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*ABOUT, *signs], lineterminator="\n")
        table.writeheader()
        table.writerows(lines)


def measured(
    output: Path, clips: int | None, data: Sequence[str], jobs: int, say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines of joints and of forces of all variants of the tuning clips.

    Args:
        output: folder in which motions are kept.
        clips: of each suite at most so many; None for all.
        data: texts SUITE=FOLDER, as of `motionrecon.data.suites.chosen_suites`.
        jobs: clips at once; 0 for one on each core.
        say: is told of each reconstruction.
    """
    suites = chosen_suites((FILMED, PLATES), data)
    joints, forces = [], []
    for name, variant in VARIANTS.items():
        place = output / name.replace(" ", "_")
        taken = chosen(suites, Split.TUNING, (), clips)
        for result in measure(variant.of(suites, place / "seen"), taken, variant.settings, place, jobs=jobs):
            say(f"{name}, {result.place}: {result.failure or round(result.figures['mpjpe_mm'])}")
            if not result.failure:
                verdict = Motion.load(place / result.place / MOTION).report.verdict
                joint, force = lines_of(result, verdict.signs or {} if verdict else {}, name)
                joints += [joint] if joint else []
                forces += [force] if force else []
    return joints, forces
