"""Workers on a cluster of Ray, or on a Ray of this machine where there is none.

The films and the folder of the results must be the same paths on all machines, as on a network drive.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from motionrecon.batch.executor import BEAT, Lost, Result, Task
from motionrecon.core.cores import ONE_CORE
from motionrecon.errors import InputError


@dataclass(frozen=True)
class OnRay:
    """An `motionrecon.batch.executor.Executor` of so many workers; 0 for one on each core of the cluster.

    The cluster is that of the variable RAY_ADDRESS, or the one that this machine belongs to.

    Raises:
        InputError: Ray is not installed, or its cluster cannot be reached.
    """

    count: int = 0

    @property
    def workers(self) -> int:
        if self.count:
            return self.count
        import ray

        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def run(
        self, work: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Generator[tuple[Task, Result] | Lost[Task] | None, None, None]:
        with _cluster() as ray:
            remote = ray.remote(num_cpus=1, max_retries=0, runtime_env={"env_vars": ONE_CORE})(work)
            waiting, running = deque(tasks), dict[Any, Task]()
            try:
                while waiting or running:
                    while waiting and len(running) < self.workers:
                        task = waiting.popleft()
                        running[remote.remote(task)] = task
                    ended, _ = ray.wait(list(running), timeout=BEAT)
                    if not ended:
                        yield None
                    for reference in ended:
                        task = running.pop(reference)
                        try:
                            answer = ray.get(reference)
                        except ray.exceptions.RayError as error:
                            why = str(error).strip().splitlines() or [type(error).__name__]
                            yield Lost(task, f"its worker on Ray was lost ({why[0]})")
                            continue
                        yield task, answer
            finally:
                for reference in running:
                    ray.cancel(reference, force=True)


@contextmanager
def _cluster() -> Iterator[Any]:
    """Ray, connected; what was started for this is ended."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns that this will change
    try:
        import ray
    except ImportError as error:
        raise InputError("ray=True needs Ray, which is not installed; run: pip install 'motionrecon[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    address = "auto" if os.environ.get("RAY_ADDRESS") else None
    try:
        ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(f"ray=True: no cluster can be reached ({error}); look at RAY_ADDRESS") from error
    try:
        yield ray
    finally:
        ray.shutdown()
