"""How somebody walks or runs: the measures of a made-up walker whose gait is known, and where there are none."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gaits import Walker
from hypothesis import given
from hypothesis import strategies as st

from motionrecon.cli import main
from motionrecon.core.sides import SIDES
from motionrecon.data.scene import look_at
from motionrecon.export import export
from motionrecon.mechanics.gait import Gait, gait
from motionrecon.mechanics.gait_words import caution_of, in_lines
from motionrecon.mechanics.steps import strides_and_steps
from motionrecon.result.gait_means import gait_means
from motionrecon.result.motion import Motion
from motionrecon.result.report import GaitMeans, Report

RUNNER = Walker(length=(1.3, 1.2), time=(0.35, 0.33), stance=(0.25, 0.24), width=0.04)


def of(walker: Walker, fps: float = 50.0, seen: np.ndarray | None = None) -> Gait:
    joints = walker.joints(fps)
    seen = np.ones(len(joints["left_heel"]), bool) if seen is None else seen
    strides, steps = strides_and_steps(walker.events(fps), joints, seen, fps)
    return Gait(tuple(strides), tuple(steps), "", fps)


def check(found: Gait, walker: Walker, atol: float = 1e-6) -> None:
    stride, time = sum(walker.length), sum(walker.time)
    supports = [walker.stance[1 - i] - walker.time[i] for i in (0, 1)]  # of the other foot, after this one's strike
    wanted = {
        ("speed", "both"): stride / time,
        ("cadence", "both"): 120 / time,
        ("double_support_time", "both"): sum(max(0.0, one) for one in supports),
        ("flight_time", "both"): sum(max(0.0, -one) for one in supports),
        ("step_length_symmetry", "both"): 200 * (walker.length[0] - walker.length[1]) / stride,
        ("step_time_symmetry", "both"): 200 * (walker.time[0] - walker.time[1]) / time,
    }
    for i, side in enumerate(SIDES):
        wanted |= {
            ("stride_length", side): stride,
            ("stride_time", side): time,
            ("step_length", side): walker.length[i],
            ("step_width", side): walker.width,
            ("step_time", side): walker.time[i],
            ("stance_time", side): walker.stance[i],
            ("swing_time", side): time - walker.stance[i],
            ("stance_percent", side): 100 * walker.stance[i] / time,
        }
    told = {key: found[key].mean for key in wanted}
    assert told == pytest.approx(wanted, abs=atol, rel=1e-6)
    spreads = [one.sd for one in found.measures if one.side in SIDES and np.isfinite(one.sd)]
    assert spreads and max(spreads) < 1e-6


@pytest.mark.parametrize(("walker", "kind"), [(Walker(), "walk"), (RUNNER, "run")])
def test_a_known_gait_is_found(walker: Walker, kind: str) -> None:
    found = of(walker)
    assert found.kind == kind
    check(found, walker)
    last = max(walker.strikes(0)[walker.strikes(0) < walker.seconds].max(), 0)
    assert max(one.end for one in found.strides if one.side == "left") == pytest.approx(last)
    assert found["step_length"].count == found["step_length", "left"].count + found["step_length", "right"].count


LENGTHS = st.floats(0.3, 0.9)


@given(
    lengths=st.tuples(LENGTHS, LENGTHS),
    width=st.floats(-0.05, 0.2),
    begins=st.floats(0.0, 0.5),
    heading=st.floats(-np.pi, np.pi),
    fps=st.floats(24.0, 240.0),
)
def test_neither_frames_per_second_nor_direction_matter(
    lengths: tuple[float, float], width: float, begins: float, heading: float, fps: float
) -> None:
    walker = Walker(length=lengths, width=width, begins=begins, heading=heading)
    check(of(walker, fps), walker)


@given(lengths=st.tuples(LENGTHS, LENGTHS), width=st.floats(-0.05, 0.2), times=st.tuples(*[st.floats(0.45, 0.65)] * 2))
def test_the_mirror_swaps_left_and_right(
    lengths: tuple[float, float], width: float, times: tuple[float, float]
) -> None:
    walker = Walker(length=lengths, width=width, time=times)
    joints, (left, right) = walker.joints(50.0), walker.events(50.0)
    seen = np.ones(len(joints["left_heel"]), bool)
    swapped = {"left": "right", "right": "left"}
    there = {f"{swapped[k[: k.index('_')]]}{k[k.index('_') :]}": v * [1, -1, 1] for k, v in joints.items()}
    events = (replace(right, name="left_foot"), replace(left, name="right_foot"))
    mirrored = Gait(*map(tuple, strides_and_steps(events, there, seen, 50.0)), "", 50.0)
    found = of(walker)
    for one in found.measures:
        other = mirrored[one.name, swapped.get(one.side, one.side)]
        sign = -1 if one.name.endswith("_symmetry") else 1
        assert other.count == one.count
        np.testing.assert_allclose([other.mean, other.sd], [sign * one.mean, one.sd], atol=1e-9)


def test_of_steps_that_lead_back_there_is_no_symmetry() -> None:
    shuffles = of(Walker(length=(0.7, -0.2)))
    assert shuffles["step_length", "right"].mean == pytest.approx(-0.2)
    assert np.isnan(shuffles["step_length_symmetry"].mean) and np.isfinite(shuffles["step_time_symmetry"].mean)


def test_of_one_stride_there_is_no_spread_and_its_width_counts_once() -> None:
    walker = Walker(seconds=1.6)
    found = of(walker)
    assert [one.side for one in found.strides] == ["left"] and [one.side for one in found.steps] == ["right", "left"]
    assert found["step_length"].count == 2 and found["step_width"].count == 1
    assert found["step_width", "left"].mean == pytest.approx(walker.width)
    assert np.isnan(found["speed"].sd) and np.isnan(found["step_length_symmetry"].mean)
    assert found["step_length", "right"].mean == pytest.approx(walker.length[1])
    assert found["step_width", "right"].count == 0 and np.isnan(found["step_width", "right"].mean)
    with pytest.raises(KeyError):
        found["step_height"]


@pytest.mark.parametrize(
    "walker",
    [
        Walker(length=(0.05, 0.05)),  # on the spot
        Walker(facing=np.pi),  # backward
        Walker(facing=np.pi / 2),  # sideways
        Walker(time=(1.08, 0.02)),  # with both feet at once
    ],
)
def test_what_is_no_walking_forward_has_no_measures(walker: Walker) -> None:
    assert of(walker).strides == () and of(walker).kind == ""
    assert gait(walker.motion()).reason.startswith("nobody walks or runs forward over the floor for a whole stride")


def test_strides_in_which_nobody_is_seen_do_not_count() -> None:
    everywhere = of(Walker())
    seen = np.ones(250, bool)
    seen[100:120] = False
    found = of(Walker(), seen=seen)
    assert 0 < len(found.strides) < len(everywhere.strides)
    assert all(one.end < 2.1 or one.start > 2.3 for one in found.strides)


def test_a_motion_says_why_there_is_nothing() -> None:
    walking = Walker().motion()
    assert gait(walking).kind == "walk" and gait(walking).reason == "" and gait(walking).uncounted == 0
    partly = replace(walking, tracked=(np.arange(len(walking)) < 100) | (np.arange(len(walking)) >= 120))
    assert gait(partly).uncounted == len(gait(walking).strides) - len(gait(partly).strides) > 0
    kinematic = replace(walking, ctrl=walking.ctrl[:0], segments=walking.segments[:0])
    assert "nothing was simulated" in gait(kinematic).reason
    standing = replace(walking, contact_force=np.ones_like(walking.contact_force) * 100)
    assert gait(standing).reason.startswith("too few foot strikes (left foot 0, right foot 0)")
    assert all(np.isnan(one.mean) and one.count == 0 for one in gait(standing).measures)


@pytest.mark.parametrize(
    ("azimuth", "hidden"), [(90, "right"), (-90, "left"), (60, "right"), (30, ""), (0, ""), (180, "")]
)
def test_from_the_side_one_leg_hides_the_other_and_symmetry_says_so(azimuth: float, hidden: str) -> None:
    walking = Walker().motion()
    away = np.radians(azimuth)
    eye, middle = np.array([3.0 + 9 * np.cos(away), 9 * np.sin(away), 1.0]), np.array([3.0, 0.0, 1.0])
    seen = replace(walking, camera=look_at(eye, middle, (640, 480), 600.0, 0.0))
    found = gait(seen)
    assert found.hidden == hidden
    report = Report.of({"person": {"height": 1.7, "mass": 65.0, "lengths": {}, "height_from": "assumed"}})
    said = f"the {hidden} leg is half hidden" if hidden else "half hidden"
    assert (said in in_lines(found, report)["note"]) is bool(hidden)
    assert (said in caution_of(found["step_time_symmetry"], found, report)) is bool(hidden)
    assert "half hidden" not in caution_of(found["speed"], found, report)
    near = "left" if hidden == "right" else "right"
    assert "half hidden" not in caution_of(found["stance_time", near], found, report)


def test_lines_say_what_lengths_and_times_depend_on() -> None:
    report = Report.of({"person": {"height": 1.7, "mass": 65.0, "lengths": {}, "height_from": "assumed"}})
    lines = in_lines(of(Walker()), report)
    assert lines["gait"].startswith("walks; 7 whole strides, 8 steps; mean")
    assert "7 whole strides (3 more do not count: " in in_lines(replace(of(Walker()), uncounted=3), report)["gait"]
    assert lines["speed"] == "1.18 ± 0.00 m/s (7)"
    assert lines["step length"] == "left 0.70 ± 0.00 m (4), right 0.60 ± 0.00 m (4)"
    assert "double support time" in lines and "flight time" not in lines
    assert lines["symmetry"].startswith("step length +15 %, step time -18 % (left less right")
    assert lines["note"] == "lengths scale with the person's height, here 1.70 m (assumed)"
    few = in_lines(of(RUNNER, fps=14.0), report)
    assert "flight time" in few and few["note"].endswith(
        "is a guess between frames, of which there are only 14 a second"
    )
    slow = of(RUNNER, fps=14.0)
    notes = {name: caution_of(slow[name], slow, report) for name in ("speed", "step_length", "step_time")}
    assert ["scale with" in note for note in notes.values()] == [True, True, False]
    assert ["14 a second" in note for note in notes.values()] == [True, False, True]


def test_csv_has_a_table_of_it_with_units_counts_and_notes(tmp_path: Path) -> None:
    motion = Walker().motion()
    export(motion, tmp_path / "walk.csv")
    with open(tmp_path / "walk.gait.csv", newline="", encoding="utf-8") as file:
        table = {(row["measure"], row["side"]): row for row in csv.DictReader(file)}
    row = table["step_length", "left"]
    assert (row["unit"], float(row["mean"]), row["count"]) == ("m", pytest.approx(0.7), "4")
    assert "scale with the person's height" in row["note"] and "ahead of the other's" in row["what"]
    assert table["stance_time", "right"]["note"] == "" and "left leg is half" in table["stance_time", "left"]["note"]
    still = replace(motion, contact_force=np.zeros_like(motion.contact_force))
    export(still, tmp_path / "still.csv")
    with open(tmp_path / "still.gait.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(row["measure"], row["side"]) for row in rows} == set(table)
    assert {(row["mean"], row["sd"], row["count"]) for row in rows} == {("", "", "0")}
    assert all(row["note"].startswith("too few foot strikes") for row in rows)


def test_csv_has_a_table_of_the_strides_that_count(tmp_path: Path) -> None:
    walker = Walker()
    export(walker.motion(), tmp_path / "walk.csv")
    with open(tmp_path / "walk.strides.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["side"] for row in rows] == ["left", "right", "left", "right", "left", "right", "left"]
    for k, side in enumerate(SIDES):
        for row in (row for row in rows if row["side"] == side):
            told = {name: float(value) for name, value in row.items() if name != "side"}
            assert told["end_s"] - told["start_s"] == pytest.approx(sum(walker.time), abs=2e-4)
            assert told["length_m"] == pytest.approx(sum(walker.length), abs=1e-3)
            assert told["speed_m_s"] == pytest.approx(sum(walker.length) / sum(walker.time), abs=1e-3)
            assert told["stance_time_s"] == pytest.approx(told["off_s"] - told["start_s"], abs=2e-4)
            assert told["step_length_m"] == pytest.approx(walker.length[k], abs=1e-3)
            assert told["step_time_s"] == pytest.approx(told["end_s"] - told["other_strike_s"], abs=2e-4)
            assert told["step_width_m"] == pytest.approx(walker.width, abs=1e-3)
            assert told["stance_time_s"] == pytest.approx(walker.stance[k], abs=2e-2)
            assert told["flight_time_s"] == 0 < told["double_support_time_s"]


def test_info_tells_what_a_result_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], saved_walk: Motion) -> None:
    camera = {"pose": "estimated", "focal_length": "found", "focal_px": 812.34, "pitch_deg": 0.0}
    person = {"height": 1.7, "mass": 65.0, "lengths": {}, "height_from": "assumed"}
    verdict = {"word": "fair", "expected_mm": 61.5, "reasons": ["it is dark"]}
    said = {"camera": camera, "person": person, "verdict": verdict, "warnings": ["mind start=..."]}
    replace(saved_walk, report=Report.of(said)).save(tmp_path / "walk")
    assert main(["info", str(tmp_path / "walk")]) == 0
    out = capsys.readouterr().out
    assert "warnings: 1\n  mind --start\n" in out and "mass: 65.0 kg\n" in out
    lines = dict(line.split(": ", 1) for line in out.splitlines() if ": " in line)
    assert lines["frames"] == "250 at 50 per second, 5.00 s; person seen in 250, simulated in 250"
    assert lines["focal length"] == "812.3 px, found"
    assert lines["cadence"] == "109 ± 0 steps/min (7)"
    assert main(["info", str(tmp_path / "walk"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["frames"] == {"total": 250, "tracked": 250, "simulated": 250, "fps": 50.0, "seconds": 5.0}
    assert record["verdict"] == verdict and record["warnings"] == ["mind start=..."] and record["films"] == []
    wanted = {"height": 1.7, "height_from": "assumed", "mass": 65.0, "mass_from": None}
    assert record["person"] == wanted | {"sex": "neutral", "age": None, "body": "capsules"}
    assert record["cameras"] == [{"name": None, "focal_px": 812.34, "focal_length": "found", "pose": "estimated"}]
    told = record["gait"]
    assert (told["kind"], told["strides"], told["steps"], told["reason"]) == ("walk", 7, 8, None)
    speed = next(one for one in told["measures"] if one["name"] == "speed")
    assert speed["mean"] == pytest.approx(1.3 / 1.1) and speed["unit"] == "m/s"
    assert main(["info", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_info_tells_the_films_of_all_cameras(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], saved_walk: Motion
) -> None:
    one = {"pose": "estimated", "focal_length": "assumed", "focal_px": 900.0, "pitch_deg": 0.0, "sha256": None}
    one |= {"offset": 0.0, "tracked": 250, "reprojection_px": None, "reprojection_percent": None}
    cameras = [one | {"name": name, "video": f"{name}.mp4"} for name in ("left", "right")]
    source = {"video": "left.mp4", "sha256": None, "start": None, "end": None}
    report = Report.of({"source": source, "camera": one, "cameras": cameras})
    replace(saved_walk, report=report).save(tmp_path / "walk")
    assert main(["info", str(tmp_path / "walk")]) == 0
    assert "films: left.mp4, right.mp4\n" in capsys.readouterr().out
    assert main(["info", str(tmp_path / "walk"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["films"] == ["left.mp4", "right.mp4"]
    assert [camera["name"] for camera in record["cameras"]] == ["left", "right"]
    replace(saved_walk, report=Report.of({"source": source | {"start": 2.0}})).save(tmp_path / "alone")
    assert main(["info", str(tmp_path / "alone")]) == 0
    out = capsys.readouterr().out
    assert "film: left.mp4\n" in out and "250 at 50 per second, 5.00 s (2.00 to 7.00 s of the film); person" in out


def test_a_report_has_the_means_of_who_walks_and_nothing_of_who_does_not(saved_walk: Motion) -> None:
    means, none = gait_means(saved_walk)
    assert none is None and means is not None and (means.kind, means.strides, means.steps) == ("walk", 7, 8)
    wanted = gait(saved_walk)
    for name in ("speed", "cadence", "stride_length", "step_length", "step_width", "stance_percent"):
        assert means[name] == wanted[name].mean
    assert means.speed == pytest.approx(1.3 / 1.1)
    assert GaitMeans.of(json.loads(json.dumps(means.to_json()))).to_json() == means.to_json()
    kinematic = replace(saved_walk, ctrl=saved_walk.ctrl[:0], segments=saved_walk.segments[:0])
    means, none = gait_means(kinematic)
    assert means is None and none


@pytest.fixture
def saved_walk() -> Motion:
    return Walker().motion()
