"""What several test files need."""

import inspect
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from motionrecon.options import Options
from motionrecon.pipeline import reconstruct

#: After so many seconds a test says that something hangs. Never a bar for speed: a busy machine takes ten times as
#: long as an idle one.
HANGS = 600.0


def require(found: object, what: str) -> None:
    """Skip the test where ``what`` (a browser, Blender) is missing; fail on CI, where everything must be there."""
    if found:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


def wait_until(condition: Callable[[], bool], seconds: float = HANGS) -> bool:
    """Whether the condition comes true before something must be said to hang."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def options(**given) -> Options:
    """What `reconstruct` makes of these parameters and of its defaults for all others."""
    signature = inspect.signature(reconstruct)
    bound = signature.bind(**given)
    bound.apply_defaults()
    return Options.of(bound.arguments)


class Killed(Exception):
    """Ends a training in a test."""


def killed(training, steps):
    """Run a training until it has made so many outer steps, where it dies before it can save anything."""
    advance = training._advance

    def dying(done):
        if training.step >= steps:
            raise Killed
        return advance(done)

    training._advance = dying
    with suppress(Killed):
        training.run()
    return training


def interrupted(training, steps):
    """Run a training until Ctrl-C in the outer step after so many."""
    advance = training._advance

    def hit(done):
        if training.step == steps:
            os.kill(os.getpid(), signal.SIGINT)
        return advance(done)

    training._advance = hit
    with pytest.raises(KeyboardInterrupt):
        training.run()
    return training
