"""One parallel map for all benchmarks: processes of one thread each, or this process alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from motionrecon.core.cores import VARIABLE, usable_cores

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def parallel_map(
    work: Callable[[Task], Answer], tasks: Sequence[Task], workers: int = 0
) -> Iterator[tuple[Task, Answer]]:
    """Each task with ``work(task)``, in the order in which they end.

    Args:
        work: a function of a module; it runs on one thread, since more would wait for each other.
        tasks: what it is called with; must be picklable for more than one worker.
        workers: processes; 0 for one on each core, 1 for this process.
    """
    workers = min(workers or usable_cores(), max(1, len(tasks)))
    if workers == 1:
        with threadpool_limits(1):
            for task in tasks:
                yield task, work(task)
        return
    with parallel_config(backend="loky", inner_max_num_threads=1):
        running = Parallel(n_jobs=workers, return_as="generator_unordered")(
            delayed(_numbered)(work, number, task) for number, task in enumerate(tasks)
        )
        for number, answer in running:
            yield tasks[number], answer


def _numbered(work: Callable[[Any], Answer], number: int, task: Any) -> tuple[int, Answer]:
    os.environ[VARIABLE] = "1"  # of a worker, in which nothing else runs
    return number, work(task)
