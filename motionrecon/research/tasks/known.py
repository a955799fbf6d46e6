"""The best values known of windows, frozen: what methods are measured by, so that figures of different days compare.

`motionrecon.data.make_known` finds them, once for each version of the sets; this reads and writes its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import atomic, read_arrays, reason
from motionrecon.errors import InputError
from motionrecon.research.tasks.windows import path_of


@dataclass(frozen=True)
class KnownWindow:
    """A window of a set, and the lowest value of it that was found.

    Attributes:
        clip, place, seconds: which window (`motionrecon.research.tasks.windows.FittedClip.window`).
        value: f at `x`.
        x: (n,) the controls that have it.
        found_by: the run that found it.
    """

    clip: str
    place: int
    seconds: float
    value: float
    x: Float[np.ndarray, " n"]
    found_by: str


def known_path(name: str) -> Path:
    """The file of a set's best values, wherever motionrecon is installed."""
    return path_of(f"known_{name}")


def load_known(source: str | Path) -> tuple[KnownWindow, ...]:
    """The windows of a set ("tune", "test"), or of a file of `save_known`, in the order in which they were chosen.

    Raises:
        InputError: no such set, or a file that cannot be read.
    """
    path = known_path(source) if isinstance(source, str) else source
    try:
        arrays = read_arrays(path)
        ends = np.cumsum(arrays["unknowns"])[:-1]
        rows = zip(
            arrays["clip"].tolist(),
            arrays["place"].tolist(),
            arrays["seconds"].tolist(),
            arrays["value"].tolist(),
            np.split(arrays["x"].astype(float), ends),
            arrays["found_by"].tolist(),
            strict=True,
        )
        return tuple(KnownWindow(*row) for row in rows)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {reason(error)}. python -m motionrecon.data.make_known makes the best values known"
        ) from error
    except (ValueError, KeyError) as error:
        raise InputError(f"{path} is no file of best values ({error}); make it again") from error


def save_known(path: Path, windows: Sequence[KnownWindow]) -> None:
    """Write them; the controls are kept to single precision, and values are of controls so rounded."""
    with atomic(path) as temporary:
        np.savez_compressed(
            temporary,
            clip=np.array([w.clip for w in windows]),
            place=np.array([w.place for w in windows]),
            seconds=np.array([w.seconds for w in windows]),
            value=np.array([w.value for w in windows]),
            unknowns=np.array([len(w.x) for w in windows]),
            x=np.concatenate([w.x for w in windows]).astype(np.float32),
            found_by=np.array([w.found_by for w in windows]),
        )
