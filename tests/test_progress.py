"""Progress in a terminal, in a log, and from Python."""

import io
import sys
import threading

import pytest
from support import HANGS

from motionrecon.core.progress import Bars, Calls, Silent, as_progress


def test_a_log_gets_a_line_a_stage_and_the_warnings_as_they_are(capsys):
    progress = Bars()
    with progress.stage("keypoints", 3) as advance:
        for _ in range(3):
            advance(1)
        progress.warn("frames [3, 4] of 'x[bold].mp4' are damaged")
    with progress.stage("physics", None) as advance:
        advance(2)
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line.strip()]
    assert "warning: frames [3, 4] of 'x[bold].mp4' are damaged" in lines
    assert any("keypoints" in line and "3/3" in line for line in lines)
    assert any("physics" in line and "2/2" in line for line in lines)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("kind", [Bars, Silent, lambda: Calls(lambda stage, done, total: None)])
def test_what_stops_a_stage_comes_through_and_the_next_stage_can_start(kind, error):
    progress = kind()
    with pytest.raises(error), progress.stage("keypoints", 3):
        raise error
    with progress.stage("physics", 1) as advance:
        advance(1)


def test_from_python_there_are_no_bars_and_warnings_are_logged(capsys, caplog):
    progress = Silent()
    with progress.stage("keypoints", 3) as advance:
        advance(1)
    progress.warn("the camera moves")
    assert capsys.readouterr() == ("", "")
    assert caplog.messages == ["warning: the camera moves"]


def test_a_function_is_told_the_stage_the_units_done_and_their_total(caplog):
    told = []
    progress = as_progress(lambda *what: told.append(what))
    with progress.stage("keypoints", 5) as advance:
        advance(2)
        advance(3)
    with progress.stage("fetching", None) as advance:
        advance(1)
    progress.warn("the camera moves")
    assert told[:3] == [("keypoints", 0, 5), ("keypoints", 2, 5), ("keypoints", 5, 5)]
    assert told[3:] == [("fetching", 0, None), ("fetching", 1, None)]
    assert caplog.messages == ["warning: the camera moves"]


def test_what_is_no_function_stays_what_it_is():
    bars = Bars()
    assert as_progress(bars) is bars and isinstance(as_progress(None), Silent)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_stages_of_several_threads_leave_the_streams_and_each_other_alone(monkeypatch, stream):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream())
    before = sys.stdout, sys.stderr
    together, failed = threading.Barrier(4, timeout=HANGS), []

    def run(number):
        try:
            bars = Bars()
            for _ in range(3):
                with bars.stage(f"stage {number}", 10) as advance:
                    together.wait()
                    assert (sys.stdout, sys.stderr) == before
                    advance(10)
                    print(f"a line of thread {number}", file=sys.stderr)
                    together.wait()
        except BaseException as error:
            failed.append(error)
            together.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=HANGS)
    assert not failed and (sys.stdout, sys.stderr) == before
    text = sys.stderr.getvalue()
    for number in range(4):
        assert text.count(f"a line of thread {number}") == 3
        assert f"stage {number}" in text
    assert text.count("10/10") >= 12
