"""What the fit chooses from the motion itself is told: in the report, and where it is not obvious in the summary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from people import camera, person, see

from motionrecon import reconstruct
from motionrecon.body.pose import pose
from motionrecon.cli.summary import summary
from motionrecon.data.make_poses import FOLDER
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import save
from motionrecon.kinematics.chosen import WORDS, chosen
from motionrecon.kinematics.standing import haste
from motionrecon.result.report import Report
from motionrecon.views import Figure

#: Frames per second of the poses in data/poses.
FPS = 20.0


def figure(name: str, of: str = "train") -> Figure:
    """A motion of data/poses as a perfect fit would find it."""
    with np.load(FOLDER / f"{of}.npz", allow_pickle=False) as saved:
        k = [str(each) for each in saved["names"]].index(name)
        qpos = saved["qpos"][saved["first"][k] : saved["first"][k + 1]].astype(float)
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    return see(person(), qpos, camera(), FPS).figure


RUNS, WALKS, SITS = "train/running/running_5", "train/walking/walking_2", "14_31"


def test_of_who_crawls_it_is_told_that_what_is_lowest_is_drawn_to_the_floor() -> None:
    crawls = figure("crawl", "deepmimic")
    hull = crawls.body.hull
    over = crawls.ground.gap(pose(crawls.body.model, crawls.qpos).at(hull))[0] - hull.radii
    crawls.qpos[:, 2] -= over.min(axis=1)
    told = {choice.name: choice for choice in chosen(crawls)}
    assert told["lies"].frames > 0.8 * len(crawls) and told["lies"].most is None


@pytest.mark.parametrize(
    ("name", "told"), [(RUNS, {"hurries", "runs"}), (WALKS, set()), (SITS, {"rests"}), ("05_04", {"hurries", "rests"})]
)
def test_of_who_moves_otherwise_than_a_walker_that_is_told(name: str, told: set[str]) -> None:
    assert {choice.name for choice in chosen(figure(name))} - {"accelerates"} == told


def test_it_is_told_in_how_many_frames_and_by_how_much() -> None:
    runner = figure(RUNS)
    found = {choice.name: choice for choice in chosen(runner)}
    times = haste(see(person(), runner.qpos, camera(), FPS).true, FPS)
    assert found["hurries"].frames == (times > 1.25).sum() == len(runner)
    assert found["hurries"].most == pytest.approx(times.max())
    assert found["runs"].most == 3.0, "of the ankles"
    assert next(one for one in chosen(figure(SITS)) if one.name == "rests").most is None


def test_who_is_seen_again_elsewhere_did_not_run_there() -> None:
    walker = figure(WALKS)
    qpos = walker.qpos.copy()
    qpos[60:, 0] += 20.0
    seen = np.ones(len(walker), bool)
    seen[40:60] = False
    (view,) = walker.views
    apart = replace(walker, qpos=qpos, views=(replace(view, seen=seen),))
    assert "runs" in {choice.name for choice in chosen(replace(walker, qpos=qpos))}
    assert {choice.name for choice in chosen(apart)} <= {"accelerates"}
    assert chosen(replace(walker, views=(replace(view, seen=np.zeros(len(walker), bool)),))) == ()


def test_the_documents_say_the_same() -> None:
    page = (Path(__file__).parent.parent / "docs" / "formats.md").read_text()
    for name, (because, so) in WORDS.items():
        assert f"| `{name}` | {because} | {so} |" in page


@pytest.mark.parametrize(("name", "says"), [(RUNS, True), (WALKS, False)])
def test_the_report_and_the_summary_say_it(name: str, says: bool, tmp_path: Path) -> None:
    of = figure(name)
    frames = min(len(of), 30)
    seen = see(person(), of.qpos[:frames] - np.eye(1, of.qpos.shape[1])[0] * of.qpos[:frames, :1].mean(), camera(), FPS)
    tracked, size = np.ones(frames, bool), seen.camera.image_size
    save(Keypoints(seen.pixels, seen.confidence, seen.points_3d, tracked, FPS, size), tmp_path / "seen.npz")
    motion = reconstruct(
        keypoints=tmp_path / "seen.npz", focal_px=1000.0, height=1.75, physics=False, body="capsules",
        output=tmp_path / "out",
    )  # fmt: skip
    report = Report.of(motion.report.to_json())
    assert report.chosen is not None and ("runs" in {choice.name for choice in report.chosen}) is says
    assert ("as of somebody who walks fast or runs" in summary(motion, Path("out"), 1.0)) is says
