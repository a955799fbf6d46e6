"""``motionrecon bench safety``: whether an optimizer may ever do harm."""

from __future__ import annotations

from motionrecon.cli.bench.common import check_counts
from motionrecon.cli.command import command
from motionrecon.cli.progress import lines
from motionrecon.errors import InputError


@command
def safety(*, windows: int = 1000, method: str = "optimus", workers: int = 2) -> int:
    """Look for harm: windows of motion from random starts, at scales from 1e-3 to 1e3, none of which may get worse.

    Prints what it found; the exit status is 1 where a result was not finite, worse than its start, or missing.

    Args:
        windows: how many.
        method: name of an optimizer.
        workers: processes.
    """
    check_counts(windows=windows, workers=workers)
    from motionrecon.optimizers.registry import REGISTRY

    if method not in REGISTRY:
        raise InputError(f"--method is {method!r}: choose from {', '.join(REGISTRY)}")
    from motionrecon.research.bench.windows import safety as window_safety

    verdict = window_safety.check(method, windows, processes=workers, say=lines())
    print(verdict.text())
    return 0 if verdict.safe else 1
