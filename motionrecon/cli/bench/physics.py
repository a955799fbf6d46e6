"""``motionrecon bench physics``: what a window of physics costs."""

from __future__ import annotations

from motionrecon.cli.command import command


@command
def physics() -> None:
    """Measure the derivatives of a physics window, their cost and correctness, and Optimus's own arithmetic."""
    from motionrecon.research.bench import physics as benchmark

    benchmark.main()
