"""Ctrl-C, which may come at any moment: in an import, in another library's callback, while the process ends.

Imported before anything heavy: only the standard library.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias, TypeVar

_Found = TypeVar("_Found")
_Hook: TypeAlias = Callable[[_Found], object]

#: The exit code of a command that was interrupted, as shells have it: 128 and the number of the signal.
INTERRUPTED = 130


class Interrupts:
    """What Ctrl-C does, from the first line of a command to its last.

    Attributes:
        pressed: whether it was pressed; whatever is raised afterwards comes from that.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._ours = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within the block Ctrl-C raises KeyboardInterrupt in the main thread, and no thread tells of its own end."""
        self._ours = (
            threading.current_thread() is threading.main_thread()
            # A job in the background ignores it, and should go on to.
            and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._press)
        hooks = sys.unraisablehook, threading.excepthook
        sys.unraisablehook, threading.excepthook = self._lost_in(hooks[0]), self._ended_in(hooks[1])
        try:
            yield
        finally:
            sys.unraisablehook, threading.excepthook = hooks

    def end(self, status: int) -> None:
        """From here on nothing is left to do but to exit with ``status``, and Ctrl-C does so at once."""
        if self._ours:
            signal.signal(signal.SIGINT, lambda *_: os._exit(status))

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True
        raise KeyboardInterrupt

    def _lost_in(self, tell: _Hook[sys.UnraisableHookArgs]) -> _Hook[sys.UnraisableHookArgs]:
        def hook(found: sys.UnraisableHookArgs) -> None:
            if issubclass(found.exc_type, KeyboardInterrupt):
                # It hit a place that lets no exception out. Once more, from outside and a little later: in here it
                # would be lost again.
                again = threading.Timer(0.02, _thread.interrupt_main)
                again.daemon = True
                again.start()
            elif not self.pressed:
                tell(found)

        return hook

    def _ended_in(
        self, tell: Callable[[threading.ExceptHookArgs], object]
    ) -> Callable[[threading.ExceptHookArgs], None]:
        def hook(found: threading.ExceptHookArgs) -> None:
            if not self.pressed:
                tell(found)

        return hook


def at_once() -> None:
    """Ctrl-C ends the process in a line and without cleaning up: for the imports, which have made nothing yet."""

    def end(number: int, frame: FrameType | None) -> None:
        try:
            os.write(2, b"motionrecon: interrupted\n")
        finally:
            os._exit(INTERRUPTED)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)
