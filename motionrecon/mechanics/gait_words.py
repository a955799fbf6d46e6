"""What is said of how somebody walks or runs: in lines for people, as JSON, and what to keep in mind of it."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from motionrecon.mechanics.gait import BOTH, Gait, Measure

if TYPE_CHECKING:
    from motionrecon.result.report import Report

#: What is told in lines; the rest stands in tables.
_TOLD = ("speed", "cadence", "stride_length", "step_length", "step_width", "stance_time", "swing_time")
_BY_KIND = {"walk": ("double_support_time",), "run": ("flight_time",)}
#: Symmetry indices that are told, and of what they are.
_UNEVEN = {"step_length_symmetry": "step length", "step_time_symmetry": "step time"}


def in_lines(gait: Gait, report: Report) -> dict[str, str]:
    """The measures that matter most, a line each, by their names; how somebody moves first, what to keep in mind last.

    Args:
        gait: of a motion.
        report: of the same motion.
    """
    if not gait.strides:
        return {"gait": f"none: {gait.reason}"}
    counts = [_counted(len(gait.strides), "whole stride"), _counted(len(gait.steps), "step")]
    if gait.uncounted:
        counts[0] += f" ({gait.uncounted} more do not count: aside, back, short, uneven or not seen)"
    lines = {"gait": f"{gait.kind}s; {', '.join(counts)}; mean ± standard deviation (how many)"}
    for name in (*_TOLD, *_BY_KIND[gait.kind]):
        told = [one for one in gait.measures if one.name == name and one.count]
        sided = [one for one in told if one.side != BOTH]
        lines[name.replace("_", " ")] = ", ".join(
            f"{one.side + ' ' if sided else ''}{_number(one)}" for one in sided or told
        )
    uneven = [one for one in gait.measures if one.name in _UNEVEN and isfinite(one.mean)]
    if uneven:
        of = ", ".join(f"{_UNEVEN[one.name]} {round(one.mean) + 0:+d} %" for one in uneven)
        lines["symmetry"] = f"{of} (left less right, in percent of their mean: 0 is even)"
    return lines | {"note": "; ".join(cautions(gait, report).values())}


def in_a_line(gait: Gait) -> str:
    """The measures that are known best, for a picture; empty where nobody walks or runs."""
    if not gait.strides:
        return ""
    speed, cadence, length = (gait[name].mean for name in ("speed", "cadence", "step_length"))
    return f"{gait.kind}s: {speed:.2f} m/s, {cadence:.0f} steps/min, steps of {length:.2f} m"


def as_json(gait: Gait, report: Report) -> dict[str, Any]:
    """All measures as JSON can hold them; what is not known is None."""
    return {
        "kind": gait.kind or None,
        "reason": gait.reason or None,
        "strides": len(gait.strides),
        "steps": len(gait.steps),
        "uncounted": gait.uncounted,
        "measures": [
            {
                "name": one.name,
                "side": one.side,
                "unit": one.unit,
                "mean": _or_none(one.mean),
                "sd": _or_none(one.sd),
                "count": one.count,
                "what": one.what,
            }
            for one in gait.measures
        ],
        "cautions": list(cautions(gait, report).values()),
    }


def cautions(gait: Gait, report: Report) -> dict[str, str]:
    """What to keep in mind: of ``lengths``, of ``times`` where a film has few frames a second, and of ``sides``."""
    found = {"lengths": "lengths scale with the person's height"}
    if report.person is not None and report.height_from:
        found["lengths"] += f", here {report.person.height:.2f} m ({report.height_from})"
    if gait.guessed:
        found["times"] = (
            f"when feet come down is a guess between frames, of which there are only {gait.fps:.3g} a second"
        )
    if gait.hidden:
        found["sides"] = (
            f"filmed from the side, the {gait.hidden} leg is half hidden behind the other one: what differs between "
            "left and right may be the film's doing"
        )
    return found


def caution_of(measure: Measure, gait: Gait, report: Report) -> str:
    """What to keep in mind of one measure: why it is not known, or what it depends on; nothing of most."""
    if not isfinite(measure.mean):
        return gait.reason or "too few strides or steps"
    said = cautions(gait, report)
    of_sides = measure.side == gait.hidden or measure.name.endswith("_symmetry")
    depends = [
        *(["lengths"] if measure.is_length else []),
        *(["times"] if measure.unit != "m" else []),
        *(["sides"] if of_sides else []),
    ]
    return "; ".join(said[on] for on in depends if on in said)


def _number(one: Measure) -> str:
    digits = 0 if one.unit in ("steps/min", "%") else 2
    spread = f" ± {one.sd:.{digits}f}" if isfinite(one.sd) else ""
    return f"{one.mean:.{digits}f}{spread} {one.unit} ({one.count})"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _or_none(value: float) -> float | None:
    return value if isfinite(value) else None
