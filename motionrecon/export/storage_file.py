"""The table that OpenSim calls storage: what its ``.mot`` and ``.sto`` files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.core.files import atomic


def write_storage(
    path: str | Path,
    time: Float[np.ndarray, " T"],
    names: Sequence[str],
    values: Float[np.ndarray, "T c"],
    *,
    degrees: bool,
    notes: Sequence[str] = (),
) -> None:
    """Write columns over time.

    Args:
        path: the file.
        time: seconds.
        names: of the columns.
        values: their values.
        degrees: whether angles among them are degrees (they are radians otherwise).
        notes: lines for whoever reads the file, which programs pass over.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{Path(path).stem}\nversion=1\nnRows={len(time)}\nnColumns={1 + len(names)}\n")
        file.write(f"inDegrees={'yes' if degrees else 'no'}\n\n")
        file.writelines(f"{note}\n" for note in notes)
        file.write("endheader\n" + "\t".join(["time", *names]) + "\n")
        np.savetxt(file, np.column_stack([time, values]), fmt="%.8g", delimiter="\t")
