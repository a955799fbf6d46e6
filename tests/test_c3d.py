"""C3D, read by ezc3d: points, platforms, events."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motions import as_if_simulated, walking
from support import require

from motionrecon.errors import OutputError
from motionrecon.export import export
from motionrecon.mechanics.summary import mechanics
from motionrecon.result.motion import Motion

try:
    import ezc3d  # type: ignore[import-untyped]
except ImportError:
    ezc3d = None


@pytest.fixture(scope="module")
def motion() -> Motion:
    """A walk in which the right foot is in the air for half a second."""
    motion = as_if_simulated(walking(45))
    random = np.random.default_rng(0)
    force = random.uniform(0.5, 1.5, motion.contact_force.shape) * [10, 10, 80]
    force[15:30, 4:] = 0.0
    return replace(motion, contact_force=force, tracked=np.arange(45) != 7)


@pytest.fixture(scope="module")
def file(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> Any:
    require(ezc3d, "ezc3d")
    path = tmp_path_factory.mktemp("c3d") / "walk.c3d"
    export(motion, path)
    return ezc3d.c3d(str(path), extract_forceplat_data=True)


def test_points_are_the_landmarks_in_millimetres(motion: Motion, file: Any) -> None:
    points = file["parameters"]["POINT"]
    assert points["UNITS"]["value"] == ["mm"] and points["RATE"]["value"][0] == 30.0
    assert tuple(points["LABELS"]["value"]) == motion.joint_names
    assert points["Y_SCREEN"]["value"] == ["+Z"]
    assert set(points["DESCRIPTIONS"]["value"]) == {"filter: none"}
    assert set(file["parameters"]["ANALOG"]["DESCRIPTIONS"]["value"]) == {
        "simulated; filter: none but the mean over one frame"
    }
    found = file["data"]["points"][:3].transpose(2, 1, 0)
    np.testing.assert_allclose(found, 1e3 * motion.joints, atol=1e-3)
    assert not (file["data"]["meta_points"]["residuals"] < 0).any()  # frame 7 was not seen, but simulated


def test_points_are_invalid_where_nobody_was_seen_and_nothing_was_simulated(tmp_path: Path) -> None:
    require(ezc3d, "ezc3d")
    seen = np.array([False, True, False, True, False])
    export(replace(walking(5), tracked=seen), tmp_path / "a.c3d")
    read = ezc3d.c3d(str(tmp_path / "a.c3d"))["data"]
    assert ((read["meta_points"]["residuals"][0] < 0) == ~seen).all()
    assert (np.isnan(read["points"][:3]).all(axis=(0, 1)) == ~seen).all()


def test_platforms_tell_the_force_on_each_foot_and_where_it_acts(motion: Motion, file: Any) -> None:
    feet, platforms = mechanics(motion).feet, file["data"]["platform"]
    assert len(platforms) == 2
    for i, platform in enumerate(platforms):
        assert (platform["unit_force"], platform["unit_moment"]) == ("N", "Nmm")
        np.testing.assert_allclose(platform["force"].T, feet.force[:, i], rtol=1e-5, atol=1e-3)
        loaded = feet.loaded[:, i]
        centre = platform["center_of_pressure"].T[loaded] / 1e3
        np.testing.assert_allclose(centre[:, :2], feet.pressure[loaded, i, :2], atol=1e-4)
        np.testing.assert_allclose(centre[:, 2], 0, atol=1e-6)
        inside = platform["corners"][:2].min(axis=1) / 1e3 < feet.pressure[:, i, :2]
        assert inside.all()
    labels = file["parameters"]["ANALOG"]["LABELS"]["value"]
    assert labels[:3] == ["left_foot_Fx", "left_foot_Fy", "left_foot_Fz"] and len(labels) == 12


def test_events_are_marked_on_their_sides(motion: Motion, file: Any) -> None:
    events = file["parameters"]["EVENT"]
    found = list(zip(events["CONTEXTS"]["value"], events["LABELS"]["value"], events["TIMES"]["value"][1], strict=True))
    right = next(foot for foot in mechanics(motion).events if foot.name == "right_foot")
    assert [(side, label) for side, label, _ in found] == [("Right", "Foot Strike"), ("Right", "Foot Off")]
    np.testing.assert_allclose([time for _, _, time in found], [right.strikes[0], right.offs[0]], atol=1e-5)


def test_a_motion_without_physics_has_points_only(tmp_path: Path) -> None:
    require(ezc3d, "ezc3d")
    export(walking(3), tmp_path / "a.c3d")
    file = ezc3d.c3d(str(tmp_path / "a.c3d"), extract_forceplat_data=True)
    assert file["data"]["platform"] == [] and file["data"]["points"].shape == (4, 33, 3)


def test_without_ezc3d_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(OutputError, match="pip install ezc3d"):
        export(walking(3), tmp_path / "a.c3d")
    assert not list(tmp_path.iterdir())
