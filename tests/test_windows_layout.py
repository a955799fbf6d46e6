"""Where windows lie on a clip, and what is kept of what became of them; what stages share in a run."""

import json
import re
from dataclasses import replace

import numpy as np
import people
import pytest

from motionrecon.core.clock import Clock
from motionrecon.core.progress import Silent
from motionrecon.physics.windows.layout import WindowLayout
from motionrecon.physics.windows.stage import say_what_to_doubt
from motionrecon.physics.windows.stretch import Status, Stretch, WindowRecord
from motionrecon.result.frames import frames_of
from motionrecon.run import Run


@pytest.mark.parametrize(
    ("fps", "window", "overlap", "length", "keep"),
    [
        (30, 0.8, 0.4, 24, 12),
        (60, 0.8, 0.4, 48, 24),
        (240, 0.8, 0.4, 192, 96),
        (30, 0.1, 0.05, 4, 2),
        (5, 0.8, 0.4, 4, 2),
    ],
)
def test_windows_of_any_rate_hold_a_whole_number_of_knots_in_what_is_kept(fps, window, overlap, length, keep):
    layout = WindowLayout.of(Clock(fps), window, overlap)
    assert (layout.length, layout.keep) == (length, keep)
    knots = keep * layout.clock.steps_per_frame / layout.knot_steps
    assert knots == pytest.approx(round(knots)) and knots >= 1
    assert layout.knots(6, 3) == pytest.approx(6 / fps + layout.knot_time * np.arange(3))


def test_the_last_window_takes_what_is_too_short_for_another():
    layout = WindowLayout.of(Clock(30.0), 0.8, 0.4)
    assert layout.ends(0, 100) == (24, 12)
    assert layout.ends(80, 100) == (100, 100)  # 8 frames would be left, and 12 are kept of a window
    assert layout.ends(76, 100) == (100, 88)
    assert layout.ends(95, 97) == (97, 97)


@pytest.mark.parametrize(("fps", "compared"), [(30, 24), (60, 24), (24, 24), (240, 24)])
def test_a_window_weighs_the_same_at_any_rate(fps, compared):
    frames, share = WindowLayout.of(Clock(fps), 0.8, 0.4).compared(10, 10 + 24 * max(1, fps // 30))
    assert len(frames) == compared and frames[-1] == 10 + 24 * max(1, fps // 30) and frames[0] > 10
    assert share**2 * len(frames) == pytest.approx(compared * max(1, 30 / fps))


def test_rows_are_interpolated_at_times():
    layout = WindowLayout.of(Clock(10.0), 0.8, 0.4)
    rows = np.arange(5.0)[:, None] * [1.0, 10.0]
    np.testing.assert_allclose(layout.at(rows, np.array([0.0, 0.05, 0.4])), [[0, 0], [0.5, 5], [4, 40]])


def test_neighbours_that_ended_alike_are_one_span():
    figure = people.see(people.person(), people.stepping(people.person(), 3), people.camera()).figure
    ends = [
        (0, 4, Status.OK),
        (4, 8, Status.FAILED),
        (8, 12, Status.FAILED),
        (12, 20, Status.OK),
        (20, 24, Status.FAILED),
    ]
    windows = tuple(WindowRecord(*end) for end in ends)
    empty = Stretch.empty(figure)
    stretch = Stretch(24, empty.state, empty.ctrl, empty.wrench, empty.segments, None, windows)
    assert stretch.spans(Status.FAILED) == [(4, 12), (20, 24)] and stretch.spans(Status.NOT_TRACKED) == []
    assert stretch.simulated_frames == {*range(5), *range(12, 21)}
    assert not empty.simulated_frames and not frames_of(figure, empty).contact_force.any()


def test_a_windows_record_is_what_report_json_always_held():
    skipped = WindowRecord(0, 9, Status.NOT_TRACKED)
    assert json.loads(json.dumps(skipped.to_json())) == {"first_frame": 0, "last_frame": 9, "status": "not tracked"}
    whole = WindowRecord(0, 9, Status.OK, 1, 5, 20, 0, 3.5, 1.25)
    assert WindowRecord.of(json.loads(json.dumps(whole.to_json()))) == whole
    assert whole["status"] == "ok" and whole.get("assist_mean_newtons", 0) == 0
    with pytest.raises(ValueError, match=re.escape("'status' is 'odd', expected one of 'ok', 'failed'")):
        WindowRecord.of({"first_frame": 0, "last_frame": 9, "status": "odd"})


def test_a_run_keeps_seconds_and_warnings():
    heard = []

    class Heard(Silent):
        def warn(self, text):
            heard.append(text)

    run = Run(Heard())
    with run.stage("kinematics", 3) as advance:
        advance(3)
    run.warn("the camera moves")
    assert list(run.seconds) == ["kinematics"] and run.seconds["kinematics"] >= 0
    assert run.warnings == heard == ["the camera moves"]


@pytest.mark.parametrize(
    ("fps", "status", "said"), [(5.0, Status.OK, 1), (5.0, Status.NOT_TRACKED, 0), (7.5, Status.OK, 0)]
)
def test_a_film_of_few_frames_a_second_is_said_to_tell_poorly_when_feet_come_down(fps, status, said):
    found = people.see(people.person(), people.stepping(people.person(), 6, fps), people.camera()).figure
    figure = replace(found, views=(replace(found.views[0], clock=Clock(fps)),))
    run = Run(Silent())
    say_what_to_doubt(run, figure, replace(Stretch.empty(figure), windows=(WindowRecord(0, 5, status),)))
    assert sum("5 frames per second: when feet come down" in why for why in run.warnings) == said
