"""The tables of a comparison: every clip, and means with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from motionrecon.research.bench.markdown import markdown_table
from motionrecon.research.bench.reconstruct.figures import FIGURES, Told
from motionrecon.research.bench.reconstruct.measure import ClipResult
from motionrecon.verdict.record import Word

#: Of a clip, what tables tell before its figures.
ABOUT = ("suite", "split", "name", "action", "camera", "person")


def frame_of(results: Sequence[ClipResult]) -> pd.DataFrame:
    """One row for each clip: who, what, from where, all figures, verdict and failure."""
    rows = [
        {name: str(getattr(one.clip, name)) for name in ABOUT}
        | {"source": one.clip.source, "verdict": one.verdict, "failure": one.failure}
        | {name: one.figures.get(name, math.nan) for name in FIGURES}
        for one in results
    ]
    columns = [*ABOUT, *FIGURES, "verdict", "failure", "source"]
    return pd.DataFrame(rows, columns=columns)


def clip_table(frame: pd.DataFrame) -> str:
    """Every clip, in Markdown."""
    told = _told(frame)
    rows = []
    for _, row in frame.iterrows():
        about = {"action": row["action"], "camera": row["camera"], "person": row["person"]}
        cells = {_head(one): _number(row[name], one) for name, one in told.items()}
        rows.append(about | cells | {"verdict": row["verdict"] or ("failed" if row["failure"] else "")})
    table = pd.DataFrame(rows, index=pd.Index(frame["name"], name="clip"))
    return markdown_table(table)


def mean_table(frame: pd.DataFrame, by: str) -> str:
    """`mean_cells` in Markdown."""
    table = pd.DataFrame.from_dict(mean_cells(frame, by), orient="index")
    table.index.name = by
    return markdown_table(table)


def mean_cells(frame: pd.DataFrame, by: str) -> dict[str, dict[str, str]]:
    """Means and standard errors over the clips of each kind, as texts by kind and column.

    Args:
        frame: of clips.
        by: the column that tells the kinds.
    """
    told, rows = _told(frame), {}
    groups = {str(kind): group for kind, group in frame.groupby(by, sort=False)}
    for kind, group in groups.items() if len(groups) == 1 else [*groups.items(), ("all", frame)]:
        cells = {_head(one): mean_text(group[name], one) for name, one in told.items()}
        rows[kind] = {"clips": str(len(group))} | cells
    return rows


def length_table(frame: pd.DataFrame) -> str:
    """Of each length the median of its error over clips, and the worst, percent, in Markdown."""
    from motionrecon.research.bench.reconstruct.lengths import LENGTHS

    rows = {}
    for name in LENGTHS:
        errors = _values(frame[f"{name}_percent"])
        if len(errors):
            sizes = np.abs(errors)
            rows[name.replace("_", " ")] = {
                "median of errors": f"{np.median(errors):+.1f}",
                "median of their sizes": f"{np.median(sizes):.1f}",
                "worst": f"{errors[sizes.argmax()]:+.1f}",
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "length, %"
    return markdown_table(table)


def verdict_line(frame: pd.DataFrame) -> str:
    """How well the verdicts foretell the errors, in a sentence: Spearman's rank correlations."""
    words = frame["verdict"].map({word.value: float(place) for place, word in enumerate(Word)})
    told = []
    for error, expected in (("mpjpe_mm", "expected_mm"), ("force_stance_percent", "expected_force_percent")):
        for what, rank in (("verdict", words), ("expected error", frame[expected])):
            both = rank.notna() & frame[error].notna()
            if both.sum() > 2 and rank[both].nunique() > 1:
                correlation = rank[both].corr(frame[error][both], method="spearman")
                told.append(f"{what} and {FIGURES[error].words} {correlation:.2f} ({both.sum()} clips)")
    return f"Rank correlations: {', '.join(told) or 'too few clips'}."


def means(frame: pd.DataFrame) -> dict[str, dict[str, float | int | None]]:
    """Of each figure the mean over clips, its standard error, and how many tell it."""
    found: dict[str, dict[str, float | int | None]] = {}
    for name in FIGURES:
        values = _values(frame[name])
        mean = float(values.mean()) if len(values) else None
        found[name] = {"mean": mean, "error": _standard_error(values), "clips": len(values)}
    return found


def mean_text(column: pd.Series, one: Told) -> str:
    """A mean with its standard error, as tables have it."""
    values = _values(column)
    if not len(values):
        return ""
    text, error = f"{values.mean():.{one.digits}f}", _standard_error(values)
    return text if error is None else f"{text} ± {error:.{one.digits}f}"


def _values(column: pd.Series) -> Float[np.ndarray, " n"]:
    """What is known of a column."""
    return np.asarray(column.dropna().to_numpy(), float)


def _standard_error(values: Float[np.ndarray, " n"]) -> float | None:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _told(frame: pd.DataFrame) -> Mapping[str, Told]:
    """The main figures that some clip tells."""
    return {name: one for name, one in FIGURES.items() if one.main and frame[name].notna().any()}


def _head(one: Told) -> str:
    return f"{one.words}, {one.unit}" if one.unit else one.words


def _number(value: float, one: Told) -> str:
    return "" if math.isnan(value) else f"{value:.{one.digits}f}"
