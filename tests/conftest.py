"""Fixtures and settings for all tests."""

import os
import signal
import sys
from pathlib import Path

import hypothesis
import pytest

# `from support import require` works in every test file, whatever folder pytest was started from.
sys.path.insert(0, str(Path(__file__).parent))

# A shell starts what it runs in the background with Ctrl-C ignored; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Offscreen drawing: no test has a screen. (Read by MuJoCo when it is imported.)
if sys.platform == "linux":
    os.environ.setdefault("MUJOCO_GL", "egl")

# On a busy machine torch's threads wait for each other: three times the time for small matrices. (Read by torch.)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# README's command leaves packages uncompiled, as most of their modules are never imported. What one process compiles is
# there for the next, which hundreds of tests start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The arrays of every function and dataclass have the shapes that their annotations promise. (Before the first import.)
if os.environ.get("MOTIONRECON_SHAPES") != "off":
    import shapes

    shapes.install("motionrecon")

# Two shared cores: how long an example takes says nothing, and a failure must come back on every run.
hypothesis.settings.register_profile("motionrecon", deadline=None, derandomize=True)
hypothesis.settings.load_profile("motionrecon")


#: Files with tests of many seconds. Two workers begin with them, as one starts at the first test and one in the middle:
#: neither has a long one left when the other is done.
AT_FIRST = ("test_bad_input", "test_reliability")
IN_THE_MIDDLE = ("test_examples", "test_viewer", "test_training", "test_together")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    first = [item for item in items if item.path.stem in AT_FIRST]
    middle = [item for item in items if item.path.stem in IN_THE_MIDDLE]
    rest = [item for item in items if item.path.stem not in AT_FIRST + IN_THE_MIDDLE]
    half = max(len(items) // 2 - len(first), 0)
    items[:] = [*first, *rest[:half], *middle, *rest[half:]]


class Failures:
    """Says what failed as soon as it has: of a run that is cut off, pytest's own summary never comes."""

    def __init__(self, terminal):
        self._terminal = terminal

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self._terminal.ensure_newline()
            self._terminal.write_line(f"FAILED ({report.when}) {report.nodeid}", red=True)
            self._terminal.write_line(report.longreprtext[-4000:])


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if os.environ.get("CI") and not hasattr(config, "workerinput"):  # in the process that prints
        config.pluginmanager.register(Failures(config.pluginmanager.get_plugin("terminalreporter")))


@pytest.fixture(scope="session")
def optimus_weights():
    """A file of weights that comes with motionrecon."""
    from motionrecon.optimus import weights

    return weights.find("optimus-windows")


@pytest.fixture
def open_viewer(request):
    """Opens a motion in the viewer, without a browser; it is stopped when the test ends."""
    from motionrecon.viewer import view

    def start(motion):
        viewer = view(motion, open_browser=False, block=False)
        request.addfinalizer(viewer.stop)
        return viewer

    return start
