"""Plots: what is drawn is what was found, in the files that were asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from motions import as_if_simulated, walking

from motionrecon.cli import main
from motionrecon.errors import InputError, OutputError
from motionrecon.mechanics.summary import mechanics
from motionrecon.plots import write_plots
from motionrecon.plots.draw import over_cycle, over_time
from motionrecon.plots.panels import angle_panels, force_panels, mass_panels, moment_panels
from motionrecon.result.motion import Motion


@pytest.fixture(scope="module")
def motion() -> Motion:
    """Two steps of each foot in 3 s, the left one first, by somebody who walks along the world's -y."""
    walk = walking(90)
    quarter = np.array([np.cos(np.pi / 4), 0, 0, -np.sin(np.pi / 4)])
    qpos = walk.qpos.copy()
    qpos[:, 0], qpos[:, 1], qpos[:, 3:7] = 0.0, -walk.qpos[:, 0], quarter
    force = np.zeros_like(walk.contact_force)
    for start, foot in ((5, 0), (20, 4), (41, 0), (56, 4), (77, 0)):
        force[start : start + 24, foot : foot + 4] = [4.0, -12.0, 180.0]
    return as_if_simulated(replace(walk, qpos=qpos, contact_force=force))


def test_the_same_motion_gives_the_same_files_in_both_formats(motion: Motion, tmp_path: Path) -> None:
    written = write_plots(motion, tmp_path, only=["forces", "cop"], formats=["svg"])
    written += write_plots(motion, tmp_path, only=["cop"])
    assert {path.name for path in written} == {"forces.svg", "forces_cycle.svg", "cop.svg", "cop.png"}
    for path in written:
        if path.suffix == ".png":
            picture = cv2.imread(str(path))
            assert picture.shape[0] > 400 and picture.std() > 10
        else:
            text = path.read_text(encoding="utf-8")
            assert (text.startswith("<?xml") and "Ground force" in text) or path.stem == "cop"
    before = {path: path.read_bytes() for path in written}
    write_plots(motion, tmp_path, only=["cop"], formats=["png", "svg"], force=True)
    assert before == {path: path.read_bytes() for path in written}  # the same motion gives the same files


def test_forces_are_shown_in_the_persons_own_directions(motion: Motion) -> None:
    found = mechanics(motion)
    np.testing.assert_allclose(found.heading, [[0, -1], [1, 0]], atol=1e-9)
    up, forward, left = (row[0] for row in force_panels(motion, found))
    assert up.lines["left"].max() == pytest.approx(4 * 180) and forward.lines["left"].max() == pytest.approx(48)
    assert left.lines["right"].max() == pytest.approx(16)
    assert up.share is not None and up.share[0] == pytest.approx(1 / found.weight)


def test_a_cycle_runs_from_strike_to_strike(motion: Motion) -> None:
    found = mechanics(motion)
    assert [len(foot.cycles) for foot in found.events] == [2, 1]
    figure = over_cycle("angles", angle_panels(motion, found), motion, found)
    assert figure is not None
    knee = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Knee flexion")
    curves = [line for line in knee.lines if len(np.asarray(line.get_xdata())) == 101]
    assert len(curves) == 4  # two of the left foot with their mean, one of the right
    middle, left = (next(a for a in figure.axes if a.get_title("left") == n) for n in ("Trunk flexion", "Hip flexion"))
    colours = [{line.get_color() for line in axis.lines if len(line.get_xdata()) == 101} for axis in (middle, left)]
    assert len(colours[0]) == 1 and len(colours[1]) == 2 and not colours[0] & colours[1]  # the middle is neutral
    cycle = found.events[0].cycles[0]
    column = found.angles.names.index("left_knee_flexion")
    wanted = np.interp(
        np.linspace(cycle.start, cycle.end, 101), motion.time, np.degrees(found.angles.values[:, column])
    )
    np.testing.assert_allclose(np.asarray(curves[0].get_ydata()), wanted)


def test_what_was_not_simulated_is_left_out(motion: Motion) -> None:
    ctrl = motion.ctrl.copy()
    ctrl[40:80] = np.nan
    partly = replace(motion, ctrl=ctrl, segments=np.repeat(motion.segments, 2, axis=0) + [[0]] * 1)
    found = mechanics(partly)
    missing = ~partly.simulated
    assert missing.any() and not missing.all()
    panel = force_panels(partly, found)[0][0]
    np.testing.assert_array_equal(np.isnan(panel.lines["left"]), missing)
    rows = moment_panels(partly, found)
    assert all(np.isnan(line[missing]).all() for row in rows for panel in row for line in panel.lines.values())
    assert "it comes down" in over_time("moments", rows[:1], partly, found).legends[0].get_texts()[-1].get_text()
    assert "not simulated" in over_time("moments", rows[:1], partly, found).legends[0].get_texts()[-1].get_text()


def test_where_nobody_was_seen_there_is_no_line() -> None:
    """The body waits there, at a speed of 0, which nobody saw."""
    walk = walking(60)
    tracked = np.ones(60, bool)
    tracked[:8] = tracked[30:40] = False
    waits = replace(walk, tracked=tracked)
    found = mechanics(waits)
    rows = [*mass_panels(waits, found), *angle_panels(waits, found)]
    for panel in (panel for row in rows for panel in row):
        for line in panel.lines.values():
            np.testing.assert_array_equal(np.isnan(line), ~tracked, err_msg=panel.title)
    assert rows[0][0].lines[""][8] == 0.0  # places are from where the person is first seen
    note = over_time("com", rows[:1], waits, found).legends[0].get_texts()[-1].get_text()
    assert "gaps: nobody was seen" in note
    seen = over_time("com", mass_panels(walk, found)[:1], walk, found).legends[0].get_texts()[-1].get_text()
    assert "nobody" not in seen


def test_where_nobody_walks_or_runs_nothing_is_shown_over_a_cycle(motion: Motion) -> None:
    found = mechanics(motion)
    still = replace(motion, joints=np.repeat(motion.joints[:1], len(motion), axis=0))
    steps_on_the_spot = mechanics(still)
    assert [len(foot.cycles) for foot in steps_on_the_spot.events] == [len(foot.cycles) for foot in found.events]
    assert steps_on_the_spot.gait.strides == ()
    assert over_cycle("angles", angle_panels(still, steps_on_the_spot), still, steps_on_the_spot) is None


def test_the_command_says_why_nothing_is_shown_over_a_cycle(
    motion: Motion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = replace(motion, joints=np.repeat(motion.joints[:1], len(motion), axis=0))
    still.save(tmp_path / "still")
    assert main(["plot", str(tmp_path / "still"), str(tmp_path / "plots"), "--only", "forces", "com"]) == 0
    printed = capsys.readouterr()
    assert "forces.png" in printed.out and "forces_cycle" not in printed.out
    assert "nothing is shown over a gait cycle: nobody walks or runs forward" in printed.err
    assert main(["plot", str(tmp_path / "still"), str(tmp_path / "com"), "--only", "com"]) == 0
    assert capsys.readouterr().err == ""


def test_a_cycle_in_which_nobody_was_seen_for_a_while_is_left_out(motion: Motion) -> None:
    found = mechanics(motion)
    first = found.events[0].cycles[0]
    ctrl, tracked = motion.ctrl.copy(), np.ones(len(motion), bool)
    middle = round((first.start + first.end) / 2 * motion.fps)
    tracked[middle] = False
    partly = replace(motion, tracked=tracked, ctrl=np.zeros((0, ctrl.shape[1])), segments=motion.segments[:0])
    figure = over_cycle("angles", angle_panels(partly, found), partly, found)
    assert figure is not None
    knee = next(axis for axis in figure.axes if axis.get_title(loc="left") == "Knee flexion")
    curves = [line for line in knee.lines if len(np.asarray(line.get_xdata())) == 101]
    assert curves and all(np.isfinite(line.get_ydata()).all() for line in curves)
    assert len(curves) == 1  # the left foot's other cycle; the right foot's only one has the same gap


def test_the_command_says_what_it_wrote_and_replaces_nothing_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    walking(6).save(tmp_path / "walk_motionrecon")
    monkeypatch.chdir(tmp_path)
    assert main(["plot", "walk_motionrecon", "--only", "com", "--formats", "svg"]) == 0
    assert capsys.readouterr().out == f"{Path('walk_plots') / 'com.svg'}\n"
    (tmp_path / "walk_plots" / "com.svg").write_text("mine")
    assert main(["plot", "walk_motionrecon", "--only", "com", "--formats", "svg"]) == 2
    assert "--force" in capsys.readouterr().err and (tmp_path / "walk_plots" / "com.svg").read_text() == "mine"
    assert main(["plot", "walk_motionrecon", "--only", "com", "--formats", "svg", "--force", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    for flags, said in (
        (["--only", "forces"], "not simulated"),
        (["--only", "torques"], "--only torques"),
        (["--formats", "gif"], "--formats gif"),
    ):
        assert main(["plot", "walk_motionrecon", "other", *flags]) == 2
        assert said in capsys.readouterr().err and not (tmp_path / "other").exists()


def test_a_motion_without_physics_has_angles_and_the_centre_of_mass(tmp_path: Path) -> None:
    assert [path.stem for path in write_plots(walking(2), tmp_path, formats=["svg"])] == ["angles", "com"]
    with pytest.raises(OutputError, match="is there already"):
        write_plots(walking(2), tmp_path, only=["com"], formats=["svg"])
    with pytest.raises(InputError, match="only=cop: this motion was not simulated"):
        write_plots(walking(2), tmp_path / "b", only=["cop"])
