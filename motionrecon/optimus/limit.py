"""How many unknowns Optimus takes: its matrix B has a number for each pair of them."""

from __future__ import annotations

from motionrecon.errors import InputError

#: Unknowns taken where nobody says otherwise.
LIMIT = 4000
#: Matrices of the size of B that are held at the peak of a step (measured: 22 at n = 1200, 31 with a longer search).
COPIES = 31


def check_unknowns(n: int, limit: int) -> None:
    """Raise :class:`InputError`, with the memory that it would take, for more unknowns than ``limit``."""
    if n > limit:
        raise InputError(
            f"{n} unknowns are more than Optimus takes (limit={limit}): its matrix B holds {n} x {n} numbers, and a "
            f"step works on {COPIES} of that size, {COPIES * 8 * n**2 / 1e9:.3g} GB; raise the limit if you have the "
            "memory and the time, or use a method without a matrix: 'lbfgs' or 'adam'"
        )
