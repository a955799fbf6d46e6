"""A process of its own for the detector, so that nothing of the user's process is touched.

MediaPipe's C++ side writes its chatter straight to file descriptor 2, which a process has only once: to redirect it
there would swallow what other threads log. In a child, the descriptor is ours alone. What is no chatter comes back as
text. The child also spares the user's process MediaPipe's memory, and the time in which it imports matplotlib.

Requests go in through the child's stdin and answers come back through its stdout, pickled. The child ends when its
stdin does, so also when the process that started it is killed.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from types import ModuleType, TracebackType
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

from motionrecon.errors import ModelError, MotionReconError

P = ParamSpec("P")
R = TypeVar("R")
#: Told how many more frames are done.
Advance = Callable[[int], None]

#: What MediaPipe, absl and TensorFlow Lite print although nothing is wrong.
_NOISE = re.compile(r"^(INFO|WARNING):|^[IW]\d{4} |^\s*$")
#: Lines kept of what is no chatter, and characters of each.
_LINES, _LINE = 20, 300
#: The child finds the modules where its parent does. -P keeps the current folder's modules out until then.
_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from motionrecon.keypoints import child; child.serve()"
)


class Child:
    """A process that runs functions for this one, started when the first is called: a context manager."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(
        self, function: Callable[Concatenate[Advance, P], R], advance: Advance, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """What a function of a module returns, run in the child.

        Args:
            function: its first argument is a function that it tells of its progress.
            advance: is told the same here.
            *args, **kwargs: the function's other arguments.

        Raises:
            MotionReconError: as the function did.
            ModelError: no process can be started, it died, or the function raised something else.
        """
        process = self._process or self._start()
        self._send(process, (function, args, kwargs))
        assert process.stdout
        while True:
            try:
                kind, value = pickle.load(process.stdout)
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                raise self._died(process) from error
            if kind == "advance":
                advance(value)
            elif kind == "returned":
                result: R = value
                return result
            else:
                raise value

    def messages(self) -> tuple[str, ...]:
        """What the child has written to stderr that is no chatter; complete once it is closed."""
        return tuple(self._lines)

    def close(self) -> None:
        """End the child, whatever it does."""
        process = self._process
        if process is None:
            return
        process.kill()
        process.wait()
        if self._listener is not None:
            self._listener.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # bytes that the child never took
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START], stdin=pipe, stdout=pipe, stderr=pipe, **_APART
            )
        except (OSError, ValueError) as error:
            raise ModelError(f"the detector's process cannot be started with {sys.executable!r}: {error}") from error
        self._process = process
        self._listener = threading.Thread(
            target=self._listen, args=(process.stderr,), name="motionrecon-detector-stderr", daemon=True
        )
        self._listener.start()
        self._send(process, sys.path)
        return process

    def _send(self, process: subprocess.Popen[bytes], request: object) -> None:
        assert process.stdin
        try:
            pickle.dump(request, process.stdin)
            process.stdin.flush()
        except OSError as error:
            raise self._died(process) from error

    def _died(self, process: subprocess.Popen[bytes]) -> ModelError:
        code = process.wait()
        if self._listener is not None:
            self._listener.join()
        last = f": {self._lines[-1]}" if self._lines else ""
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return ModelError(f"the detector's process {how}{last}; is there enough memory? (motionrecon info)")

    def _listen(self, stderr: IO[bytes]) -> None:
        with stderr:
            for line in stderr:
                text = line.decode(errors="replace").rstrip()
                if not _NOISE.match(text):
                    self._lines.append(text[:_LINE])


def serve() -> None:
    """Run what is asked for until stdin ends: the child's side of `Child`."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    # MediaPipe imports matplotlib, which takes half a second, for a drawing function that is never called here.
    pyplot, matplotlib = ModuleType("matplotlib.pyplot"), ModuleType("matplotlib")
    matplotlib.pyplot = pyplot  # type: ignore[attr-defined]
    sys.modules |= {"matplotlib": matplotlib, "matplotlib.pyplot": pyplot}

    def answer(kind: str, value: object) -> None:
        pickle.dump((kind, value), answers)
        answers.flush()

    def advance(count: int) -> None:
        answer("advance", count)

    requests: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    while True:
        function, args, kwargs = requests.get()
        try:
            result = function(advance, *args, **kwargs)
        except MotionReconError as error:
            answer("raised", error)
        except Exception as error:
            import traceback

            traceback.print_exc()
            answer("raised", ModelError(f"the detector failed ({type(error).__name__}: {error})"))
        else:
            answer("returned", result)


def _read(requests: SimpleQueue[Any]) -> None:
    """Queue what comes in, and end the process with the one that it comes from."""
    try:
        while True:
            requests.put(pickle.load(sys.stdin.buffer))
    except BaseException:
        os._exit(0)


#: A process group of its own: Ctrl-C is for the parent, which then ends the child.
_APART: dict[str, Any] = (
    {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    if sys.platform == "win32"
    else {"process_group": 0}
)
