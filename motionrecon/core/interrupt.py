"""Ctrl-C, which may come at any moment: in an import, in another library's callback, while the process ends.

Imported before anything heavy: only the standard library.
"""

from __future__ import annotations

import _thread
import contextlib
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
#: Seconds after which Ctrl-C that led to nothing (another library swallowed it, or waits for a thread) comes again.
PATIENCE = 5.0


class Interrupts:
    """What Ctrl-C does, from the first line of a command to its last.

    Attributes:
        pressed: whether it was pressed; whatever is raised afterwards comes from that.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._ours = False
        self._watching = False

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
        self._watching = True
        try:
            yield
        finally:
            self._watching = False
            sys.unraisablehook, threading.excepthook = hooks

    def end(self, status: int) -> None:
        """From here on nothing is left to do but to exit with ``status``, and Ctrl-C does so at once."""
        if self._ours:
            signal.signal(signal.SIGINT, lambda *_: os._exit(status))
        if self.pressed:
            _later(PATIENCE, lambda: os._exit(status))  # a thread that does not end

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True
        _later(PATIENCE, self._press_again)
        raise KeyboardInterrupt

    def _press_again(self) -> None:
        if self._watching:
            _interrupt_main()

    def _lost_in(self, tell: _Hook[sys.UnraisableHookArgs]) -> _Hook[sys.UnraisableHookArgs]:
        def hook(found: sys.UnraisableHookArgs) -> None:
            if issubclass(found.exc_type, KeyboardInterrupt):
                # It hit a place that lets no exception out. Once more, from outside and a little later: in here it
                # would be lost again.
                _later(0.02, _interrupt_main)
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


def _interrupt_main() -> None:
    """As Ctrl-C: it wakes the main thread too, where the system can."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _later(seconds: float, what: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    with contextlib.suppress(RuntimeError):  # no thread starts while the interpreter ends
        timer.start()


def at_once() -> None:
    """Ctrl-C ends the process in a line and without cleaning up: for the imports, which have made nothing yet."""

    def end(number: int, frame: FrameType | None) -> None:
        try:
            os.write(2, b"motionrecon: interrupted\n")
        finally:
            os._exit(INTERRUPTED)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)
