"""Workers on this machine: processes of joblib's loky, of one core each.

One pool of all processes would be simpler, but where one of them is killed (for want of memory, mostly) such a pool
gives up all that the others had in hand. So each is a pool of its own. They live on from clip to clip, and import once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from typing import Any

from joblib.externals.loky.process_executor import ProcessPoolExecutor

from motionrecon.batch.executor import BEAT, Lost, Result, Task
from motionrecon.batch.worker import prepare
from motionrecon.core.cores import ONE_CORE, usable_cores


@dataclass(frozen=True)
class Processes:
    """An `motionrecon.batch.executor.Executor` of so many processes; 0 for one on each core."""

    count: int = 0

    @property
    def workers(self) -> int:
        return self.count or usable_cores()

    def run(
        self, work: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Generator[tuple[Task, Result] | Lost[Task] | None, None, None]:
        waiting, idle = deque(tasks), deque[Any]()
        running: dict[Future[Result], tuple[Task, Any]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    process = idle.pop() if idle else _process()
                    task = waiting.popleft()
                    running[process.submit(work, task)] = task, process
                ended, _ = wait(running, BEAT, FIRST_COMPLETED)
                if not ended:
                    yield None
                for future in ended:
                    task, process = running.pop(future)
                    try:
                        answer = future.result()
                    except BrokenExecutor:
                        process.shutdown(wait=False, kill_workers=True)
                        yield Lost(task, "its process was killed; is there enough memory for so many jobs?")
                        continue
                    idle.append(process)
                    yield task, answer
        finally:
            for process in idle:
                process.shutdown(wait=not running, kill_workers=bool(running))
            for _, process in running.values():
                process.shutdown(wait=False, kill_workers=True)


def _process() -> Any:
    return ProcessPoolExecutor(max_workers=1, initializer=prepare, initargs=(os.getpid(),), env=ONE_CORE)
