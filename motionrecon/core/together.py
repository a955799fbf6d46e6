"""Settings of the whole process that runs in several threads hold at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager


class Together:
    """A context that the first thread to need it enters and the last one leaves.

    If each thread set and restored such a setting by itself, the one that ends last would restore what the other had
    set, and the process would keep it.

    Args:
        make: gives the context that sets the setting and restores it.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._holders = 0
        self._open: AbstractContextManager[object] | None = None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._holders == 0:
                self._open = self._make()
                self._open.__enter__()
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0 and self._open is not None:
                    self._open.__exit__(None, None, None)
                    self._open = None
