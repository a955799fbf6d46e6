"""OpenSim's files: markers (.trc) and tables of forces (.mot, .sto)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import uniform_filter1d

from motionrecon.core.files import read_text, reason
from motionrecon.core.sides import SIDES
from motionrecon.errors import InputError

_METRES = {"mm": 1e-3, "cm": 1e-2, "m": 1.0}


@dataclass(frozen=True)
class Markers:
    """Markers in T frames, z up.

    Attributes:
        time: (T,) seconds.
        at: the place of each (T, 3), metres, by its name; NaN where it was not seen.
    """

    time: Float[np.ndarray, " T"]
    at: dict[str, Float[np.ndarray, "T 3"]]


@dataclass(frozen=True)
class PlateForces:
    """Force of the floor on both feet, z up, at the plates' own rate.

    Attributes:
        time: (N,) seconds.
        force: (N, 2, 3) on the left and the right foot, newtons.
        point: (N, 2, 3) where it acts (the centre of pressure), metres; None where nobody asked.
    """

    time: Float[np.ndarray, " N"]
    force: Float[np.ndarray, "N 2 3"]
    point: Float[np.ndarray, "N 2 3"] | None = None

    def at(self, times: Float[np.ndarray, " T"]) -> tuple[Float[np.ndarray, "T 2 3"], Float[np.ndarray, "T 2 3"]]:
        """Force and point at some times.

        Raises:
            ValueError: nobody asked where the force acts.
        """
        if self.point is None:
            raise ValueError("where the forces act was not read")
        both = [
            np.stack([np.interp(times, self.time, column) for column in values.reshape(len(self.time), -1).T], axis=1)
            for values in (self.force, self.point)
        ]
        return both[0].reshape(-1, len(SIDES), 3), both[1].reshape(-1, len(SIDES), 3)

    def means(self, times: Float[np.ndarray, " T"], width: float) -> Float[np.ndarray, "T 2 3"]:
        """Means over so many seconds about some times, NaN outside the recording."""
        count = max(1, round(width / float(np.median(np.diff(self.time)))))
        smooth = uniform_filter1d(self.force, count, axis=0, mode="nearest").reshape(len(self.time), -1)
        columns = [np.interp(times, self.time, column, np.nan, np.nan) for column in smooth.T]
        return np.stack(columns, axis=1).reshape(len(times), len(SIDES), 3)


def upright(points: Float[np.ndarray, "*any 3"]) -> Float[np.ndarray, "*any 3"]:
    """From OpenSim's axes (forward, up, right) to (forward, left, up)."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], axis=-1)


def read_markers(path: Path, y_up: bool = True) -> Markers:
    """A .trc file.

    Raises:
        InputError: it cannot be read, or is none.
    """
    lines = _lines(path)
    try:
        names = [name.strip() for name in lines[3].rstrip().split("\t")[2:] if name.strip()]
        scale = _METRES[lines[2].split()[4]]
        rows = [line.split("\t") for line in lines[5:] if line.split("\t")[0].strip().isdigit()]
        table = np.array([[_number(cell) for cell in _padded(row, 2 + 3 * len(names))] for row in rows], float)
        time = table[:, 1]
    except (IndexError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no .trc file of markers ({error!r}); give one as OpenSim reads it") from error
    places = {name: scale * table[:, 2 + 3 * k : 5 + 3 * k] for k, name in enumerate(names)}
    return Markers(time, {name: upright(place) if y_up else place for name, place in places.items()})


def read_forces(
    path: Path, columns: Sequence[Sequence[str]], y_up: bool = True, points: Sequence[Sequence[str]] = ()
) -> PlateForces:
    """The forces in a .mot file.

    Args:
        path: of the file.
        columns: names of the three columns of the force on the left foot, and of those on the right one.
        y_up: its axes are (forward, up, right); else z is up.
        points: names of the columns of where they act, likewise; where given, that is read, too.

    Raises:
        InputError: it cannot be read, is none, or has no such columns.
    """
    lines = _lines(path)
    try:
        head = next(i for i, line in enumerate(lines) if line.strip().lower() == "endheader")
        names = lines[head + 1].split()
        table = np.array([line.split() for line in lines[head + 2 :] if line.strip()], float)
        time = table[:, names.index("time")]
    except (StopIteration, IndexError, ValueError) as error:
        raise InputError(f"{path} is no table of forces ({error!r}); give a .mot file as OpenSim reads it") from error
    missing = [name for three in (*columns, *points) for name in three if name not in names]
    if missing:
        raise InputError(f"{path} has no column {missing[0]}; it has {', '.join(names)}")

    def taken(wanted: Sequence[Sequence[str]]) -> Float[np.ndarray, "N 2 3"]:
        values = np.stack([table[:, [names.index(name) for name in three]] for three in wanted], axis=1)
        return upright(values) if y_up else values

    return PlateForces(time, taken(columns), taken(points) if points else None)


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {reason(error) if isinstance(error, OSError) else error}") from error


def _padded(row: list[str], count: int) -> list[str]:
    return (row + [""] * count)[:count]


def _number(cell: str) -> float:
    return float(cell) if cell.strip() else np.nan
