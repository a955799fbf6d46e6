"""Whoever has work done elsewhere: on this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Generic, Protocol, TypeVar

#: Seconds between two signs of life of those that wait for workers.
BEAT = 1.0

Task = TypeVar("Task")
Result = TypeVar("Result")


class Lost(Generic[Task]):
    """A task without an answer: the process that had it died.

    Attributes:
        task: which one.
        why: in words.
    """

    def __init__(self, task: Task, why: str) -> None:
        self.task, self.why = task, why


class Executor(Protocol):
    """Has tasks done by workers, each of which may use one core and does one task after another."""

    @property
    def workers(self) -> int:
        """How many there are."""

    def run(
        self, work: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Generator[tuple[Task, Result] | Lost[Task] | None, None, None]:
        """Each task with its answer, in the order in which they end, and None now and then while nothing ends.

        A worker that dies loses its own task only. Closed early, it stops the workers, whatever they do.

        Args:
            work: a function of a module.
            tasks: what it is called with; they must be picklable, as must its answers.
        """
