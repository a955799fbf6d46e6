"""Folders that earlier versions wrote still open: loaded, replayed, exported, drawn and viewed.

``results/0.1.0`` is the beginning of the demo, as version 0.1.0 saved it and exported it.
"""

from __future__ import annotations

import urllib.request
import warnings
from pathlib import Path

import numpy as np
import pytest

from motionrecon.cli import main
from motionrecon.render import render_still
from motionrecon.result.motion import Motion
from motionrecon.result.replay import replay
from motionrecon.result.report import Report
from motionrecon.viewer import view

FOLDERS = sorted((Path(__file__).parent / "results").iterdir())


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_it_loads_without_a_word_and_replays(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        motion = Motion.load(folder)
    assert capfd.readouterr() == ("", "")
    assert len(motion) == 8 and motion.simulated.all() and motion.tracked.all()
    assert motion.report.quality is not None and motion.report["versions"]["motionrecon"] == folder.name
    assert np.abs(replay(motion) - motion.qpos).max() < 1e-6  # 0 with the MuJoCo that simulated it


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"height": 1.8, "height_given": True}, "given"),
        ({"height": 1.7, "height_given": False}, "found"),
        ({"height": 1.8, "height_given": False}, "assumed"),
        ({}, ""),
    ],
)
def test_where_a_height_is_from_is_known_of_older_results(options: dict[str, object], said: str) -> None:
    person = {"height": 1.8, "mass": 70.0, "lengths": {}}
    assert Report.of({"person": person, "options": options}).height_from == said
    assert Report.of({"person": person | {"height_from": "found"}, "options": {"height": None}}).height_from == "found"


def test_it_is_exported_as_it_was(folder: Path, tmp_path: Path) -> None:
    """In the world, as it was then; but for the rest pose, which stands on the floor since."""
    assert main(["export", str(folder), str(tmp_path / "motion.bvh"), "--origin", "world"]) == 0
    now, then = ((path / "motion.bvh").read_text().splitlines() for path in (tmp_path, folder))
    assert then.pop(3) == "\tOFFSET 0.000000 0.000000 0.000000" and now.pop(3).startswith("\tOFFSET 0.000000 0.9")
    assert now == then


def test_it_is_drawn_and_viewed(folder: Path) -> None:
    motion = Motion.load(folder)
    assert render_still(motion, 7).std() > 10
    viewer = view(folder, open_browser=False, block=False)
    try:
        viewer.seek(7)
        viewer.show("forces", False)
        with urllib.request.urlopen(viewer.url) as page:
            assert b"0.1.0" in page.read()
    finally:
        viewer.stop()
