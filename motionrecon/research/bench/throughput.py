"""How much more several jobs of `batch` get done than single runs, each confined to one core.

A single run is what a user would start by hand: ``motionrecon reconstruct`` in a process of its own, bound to one core
by the system. N such runs on N cores that did not disturb each other would do N times as much; that is 100 %.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from motionrecon.core.cores import usable_cores
from motionrecon.core.progress import Progress
from motionrecon.errors import InputError


@dataclass(frozen=True)
class Round:
    """Seconds of one round, for each clip.

    Attributes:
        jobs: that ran at once.
        alone: of the wall clock, of a single run on one core.
        together: of the wall clock, of the batch, for each clip that a job did.
        alone_cpu, together_cpu: of a processor.
    """

    jobs: int
    alone: float
    together: float
    alone_cpu: float
    together_cpu: float

    @property
    def share(self) -> float:
        """Of what as many cores as jobs would do with single runs, by the wall clock."""
        return self.alone / self.together

    @property
    def share_cpu(self) -> float:
        """The same where no core ever waits."""
        return self.alone_cpu / self.together_cpu


def measure(
    video: Path, given: Mapping[str, object], *, jobs: int, clips: int, rounds: int, progress: Progress
) -> list[Round]:
    """Single runs and batches of copies of a clip, in turn.

    Args:
        video: the clip.
        given: options of reconstruct for it.
        jobs: of the batch; 0 for one on each core.
        clips: of each job, and single runs in each round.
        rounds: how often.
        progress: is told of each clip.

    Raises:
        InputError: this system cannot bind a process to a core.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise InputError("bench batch binds runs to one core, which only Linux does; run it there")
    jobs = jobs or usable_cores()
    cores = sorted(os.sched_getaffinity(0))
    found = []
    with tempfile.TemporaryDirectory(prefix="motionrecon-") as place, progress.stage("clips", None) as advance:
        for turn in range(rounds):
            folder = Path(place) / str(turn)
            films = _copies(video, folder / "films", jobs * clips)
            alone = alone_cpu = 0.0
            for number, film in enumerate(films[:clips]):
                core = cores[(turn * clips + number) % len(cores)]
                command = ["reconstruct", str(film), "-o", str(folder / f"alone_{number}")]
                wall, cpu = _timed(command, given, core)
                alone, alone_cpu = alone + wall / clips, alone_cpu + cpu / clips
                advance(1)
            command = ["batch", str(folder / "films"), "-o", str(folder / "batch"), "--jobs", str(jobs)]
            wall, cpu = _timed(command, given, None)
            advance(len(films))
            found.append(Round(jobs, alone, wall / clips, alone_cpu, cpu / len(films)))
            shutil.rmtree(folder)
    return found


def as_text(rounds: Sequence[Round]) -> str:
    """A line for each round."""
    return "\n".join(
        f"{one.jobs} jobs: {one.together:.1f} s for a clip of each, alone on one core {one.alone:.1f} s; "
        f"{100 * one.share:.0f} % of {one.jobs} times the throughput of one "
        f"({100 * one.share_cpu:.0f} % by processor time, {one.together_cpu:.1f} and {one.alone_cpu:.1f} s)"
        for one in rounds
    )


def _copies(video: Path, folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    films = [folder / f"{number}.mp4" for number in range(count)]
    for film in films:
        shutil.copyfile(video, film)
    return films


def _timed(arguments: Sequence[str], given: Mapping[str, object], core: int | None) -> tuple[float, float]:
    """Seconds of the wall clock and of processors that a command of motionrecon takes."""
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    before, began = _processor(), time.perf_counter()
    command = [sys.executable, "-P", "-m", "motionrecon", *arguments, *flags, "--quiet"]
    with _bound_to(core):
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"motionrecon {arguments[0]} failed: {done.stderr.strip()}")
    return time.perf_counter() - began, _processor() - before


@contextlib.contextmanager
def _bound_to(core: int | None) -> Iterator[None]:
    """What is started in the block runs on this core alone; None leaves it free."""
    free = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, free)


def _processor() -> float:
    """Processor seconds of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
