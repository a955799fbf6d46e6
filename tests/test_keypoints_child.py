"""The detector's own process: it answers, it dies in words, and the user's stderr is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from motionrecon.errors import InputError, ModelError
from motionrecon.keypoints import child as process
from motionrecon.keypoints.child import Advance, Child

# Functions that the child runs: it finds this module as the test does.


def count(advance: Advance, to: int) -> int:
    for _ in range(to):
        advance(1)
    print("libraries print")
    os.write(1, b"straight to the descriptor, too\n")
    return os.getpid()


def refuse(advance: Advance) -> None:
    raise InputError("walk.mp4: in words")


def fail(advance: Advance) -> None:
    raise ZeroDivisionError("a bug")


def chatter(advance: Advance) -> None:
    os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
    os.write(2, b"W0000 00:00:1 5438 inference_feedback_manager.cc:121] chatter\n\n")
    os.write(2, b"E0000 something is wrong\n")


def die(advance: Advance) -> None:
    os.write(2, b"cannot allocate\n")
    os.kill(os.getpid(), 9)


def sleep(advance: Advance) -> None:
    advance(1)
    time.sleep(9999)


def quietly(done: int) -> None:
    pass


def test_calls_are_answered_and_told_of() -> None:
    told: list[int] = []
    with Child() as child:
        pid = child.call(count, told.append, 5)
        assert pid != os.getpid() and told == [1] * 5
        assert child.call(count, quietly, to=1) == pid
        with pytest.raises(InputError, match=r"^walk\.mp4: in words$"):
            child.call(refuse, quietly)
        with pytest.raises(ModelError, match=r"the detector failed \(ZeroDivisionError: a bug\)"):
            child.call(fail, quietly)
        assert child.call(count, quietly, 1) == pid


def test_chatter_is_dropped_and_errors_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    with Child() as child:
        child.call(chatter, quietly)
    assert child.messages() == ("E0000 something is wrong",)
    assert capfd.readouterr() == ("", "")


def test_a_child_that_dies_says_so() -> None:
    with Child() as child, pytest.raises(ModelError, match=r"killed by signal 9: cannot allocate"):
        child.call(die, quietly)


def test_a_child_that_is_never_asked_is_never_started() -> None:
    with Child() as child:
        pass
    assert child.messages() == ()


def test_leaving_early_ends_the_child() -> None:
    class Enough(Exception):
        pass

    def enough(done: int) -> None:
        raise Enough

    child = Child()
    with pytest.raises(Enough), child:
        child.call(sleep, enough)
    assert child._process is not None and child._process.poll() is not None


def test_no_python_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process.sys, "executable", str(tmp_path / "none"))
    with Child() as child, pytest.raises(ModelError, match="cannot be started"):
        child.call(count, quietly, 1)


def test_a_killed_parent_takes_its_child_along(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_keypoints_child as t\n"
        "from motionrecon.keypoints.child import Child\n"
        "child = Child()\n"
        "child.call(t.sleep, lambda n: (print(child._process.pid, flush=True), os.kill(os.getpid(), 9)))\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if (Path("/proc") / str(pid) / "stat").exists() and " Z " in (Path("/proc") / str(pid) / "stat").read_text():
            return  # dead, and only not yet buried by whoever inherited it
        time.sleep(0.1)
    pytest.fail("the child lives on")


def test_modules_in_the_current_folder_are_not_taken_for_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('the wrong pickle')")
    monkeypatch.chdir(tmp_path)
    with Child() as child:
        assert child.call(count, quietly, 1) > 0


def test_two_detections_in_two_threads_leave_stderr_alone(tmp_path: Path) -> None:
    """What the threads log while MediaPipe runs arrives, all of it, and nothing else does."""
    from clips import demo_images, write_clip

    video = write_clip(tmp_path / "walk.mp4", demo_images(6))
    script = (
        "import logging, os, sys, threading\n"
        "from motionrecon.keypoints import detect_keypoints\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "before, stop, found = os.fstat(2), threading.Event(), []\n"
        "def work():\n"
        f"    found.append(len(detect_keypoints({str(video)!r})))\n"
        "def ticks():\n"
        "    n = 0\n"
        "    while not stop.is_set():\n"
        "        n += 1\n"
        "        logging.info('tick %d', n)\n"
        "        os.write(2, b'W0000 mine\\n')\n"
        "        stop.wait(0.02)\n"
        "    print(n)\n"
        "workers, clock = [threading.Thread(target=work) for _ in range(2)], threading.Thread(target=ticks)\n"
        "[t.start() for t in (clock, *workers)]\n"
        "[t.join() for t in workers]\n"
        "stop.set(); clock.join()\n"
        "assert found == [6, 6], found\n"
        "assert os.path.samestat(before, os.fstat(2)) and not sys.stderr.closed\n"
        "print('still there', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    count = int(done.stdout)
    assert [line for line in lines if line.startswith("INFO")] == [f"INFO:root:tick {k + 1}" for k in range(count)]
    assert lines.count("W0000 mine") == count
    assert sorted({line for line in lines if not line.startswith("INFO")}) == ["W0000 mine", "still there"]
