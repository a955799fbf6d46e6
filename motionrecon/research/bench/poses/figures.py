"""What came out, in numbers: evaluations to a tolerance, and means whose errors count clips, not frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.research.bench.poses.measure import BUDGET, SplitResult

#: Shares of the best value known within which a method has got there.
TOLERANCES = (1.5, 1.25, 1.1)


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error, NaN where nothing tells it."""

    value: float
    error: float

    def text(self, digits: int = 2, sign: bool = False) -> str:
        """As in tables."""
        return f"{self.value:{'+' if sign else ''}.{digits}f} ± {self.error:.{digits}f}"


def evaluations_to(
    history: Float[np.ndarray, "N evaluations"], best: Float[np.ndarray, " N"], tolerance: float
) -> Float[np.ndarray, " N"]:
    """Evaluations that each task needed to come within a share of the best value known, the start's included.

    A miss counts as `BUDGET` + 1.
    """
    there = history <= tolerance * best[:, None]
    return np.where(there.any(1), there.argmax(1) + 1.0, BUDGET + 1.0)


def mean_over(clip: Int[np.ndarray, " N"], values: Float[np.ndarray, " N"]) -> Mean:
    """The mean over tasks, with the error of tasks that are alike within a clip (Liang and Zeger, 1986).

    One clip alone says nothing of others: its error is NaN.
    """
    away = values - values.mean()
    sums = np.array([away[clip == c].sum() for c in np.unique(clip)])
    few = len(sums) / (len(sums) - 1) if len(sums) > 1 else np.nan
    return Mean(float(values.mean()), float(np.sqrt(few * (sums**2).sum()) / len(values)))


def ratio_over(clip: Int[np.ndarray, " N"], values: Float[np.ndarray, " N"], others: Float[np.ndarray, " N"]) -> Mean:
    """The ratio of two means over the same tasks, with its error by linearization."""
    ratio = float(values.mean() / others.mean())
    return Mean(ratio, mean_over(clip, (values - ratio * others) / others.mean()).error)


@dataclass(frozen=True)
class Row:
    """One method on one split.

    Attributes:
        evaluations: to each of `TOLERANCES`.
        share: of the tasks that come within 1.25.
        paired: evaluations to 1.25 less those of the reference.
        ratio: of them.
        mpjpe, pa: at the end, millimetres.
        mpjpe_paired, pa_paired: less the reference's.
        seconds: per frame, of the processor.
    """

    evaluations: tuple[Mean, ...]
    share: float
    paired: Mean
    ratio: Mean
    mpjpe: float
    pa: float
    mpjpe_paired: Mean
    pa_paired: Mean
    seconds: float


def rows_of(result: SplitResult, reference: str) -> dict[str, Row]:
    """What each method did, beside a reference among them."""
    base = result.by_method[reference]
    of_base = evaluations_to(base.history, result.best, 1.25)
    rows = {}
    for name, found in result.by_method.items():
        needed = [evaluations_to(found.history, result.best, tolerance) for tolerance in TOLERANCES]
        rows[name] = Row(
            evaluations=tuple(mean_over(result.clip, n) for n in needed),
            share=float((needed[1] <= BUDGET).mean()),
            paired=mean_over(result.clip, needed[1] - of_base),
            ratio=ratio_over(result.clip, needed[1], of_base),
            mpjpe=1000 * float(found.mpjpe.mean()),
            pa=1000 * float(found.pa.mean()),
            mpjpe_paired=mean_over(result.clip, 1000 * (found.mpjpe - base.mpjpe)),
            pa_paired=mean_over(result.clip, 1000 * (found.pa - base.pa)),
            seconds=found.seconds,
        )
    return rows
