"""``motionrecon bench batch``: several jobs at once, against one."""

from __future__ import annotations

from motionrecon.cli.bench.common import check_counts
from motionrecon.cli.command import command
from motionrecon.cli.flags import Switch
from motionrecon.cli.progress import bars


@command
def batch(*, jobs: int = 0, clips: int = 2, rounds: int = 1, quiet: Switch = False) -> None:
    """Measure what several jobs at once are worth: batch with N jobs against N times one reconstruct on one core.

    Both do the demo clip with all defaults, in turn. Anything else at work on the machine shows in the wall clock.

    Args:
        jobs: as of batch; one for each core where not given.
        clips: that each job does, one after another, and so many single runs beside them.
        rounds: how often.
        quiet: no progress bars.
    """
    check_counts(clips=clips, rounds=rounds)
    check_counts(0, jobs=jobs)
    from motionrecon import demo as example
    from motionrecon.research.bench import throughput

    clip, given = example.video(), example.given()
    found = throughput.measure(clip, given, jobs=jobs, clips=clips, rounds=rounds, progress=bars(quiet))
    print(throughput.as_text(found))
