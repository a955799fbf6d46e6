"""Progress in a terminal, in a log, and from Python."""

import pytest

from motionrecon.core.progress import Bars, Silent


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
@pytest.mark.parametrize("kind", [Bars, Silent])
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
