"""Making items ahead of their use, in a thread of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Made(Generic[T]):
    """An item on its way to the consumer."""

    item: T


@dataclass(frozen=True)
class _End:
    """Nothing more comes; because of an error, if there is one."""

    error: BaseException | None = None


def prefetch(items: Generator[T, None, None], ahead: int = 4) -> Generator[T, None, None]:
    """The same items, made by a thread of their own up to ``ahead`` in advance; errors reach the consumer.

    Closed early, it closes ``items`` too, in their thread.
    """
    lane: queue.Queue[_Made[T] | _End] = queue.Queue(maxsize=ahead)
    stop = threading.Event()

    def put(entry: _Made[T] | _End) -> None:
        while not stop.is_set():
            try:
                return lane.put(entry, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            with closing(items):
                for item in items:
                    put(_Made(item))
                    if stop.is_set():
                        return
            put(_End())
        except BaseException as error:  # handed to the consumer, who raises it
            put(_End(error))

    worker = threading.Thread(target=work, name="motionrecon-prefetch", daemon=True)
    worker.start()
    try:
        while True:
            entry = lane.get()
            if isinstance(entry, _Made):
                yield entry.item
            elif entry.error is not None:
                raise entry.error
            else:
                return
    finally:
        stop.set()
        worker.join()
