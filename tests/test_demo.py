"""The demo's comparison with the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from motions import walking
from scipy.spatial.transform import Rotation
from support import options

from motionrecon import cli, demo
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.result.folder import ResultFolder
from motionrecon.result.motion import Motion

#: What `motionrecon demo` reconstructs with.
RUN = "motionrecon.cli.demo.run"


@pytest.fixture(scope="module")
def perfect() -> Motion:
    """A motion that is the truth: kinematic, in the truth's world, seen by the truth's camera."""
    truth = demo._truth()
    size = (int(truth["image_size"][0]), int(truth["image_size"][1]))
    return replace(
        walking(len(truth["joints"]), float(truth["fps"])),
        joints=truth["joints"],
        joint_names=landmarks.NAMES,
        camera=Pinhole(truth["camera_K"], size, truth["camera_R"], truth["camera_t"], calibrated=True),
    )


def test_the_truth_has_no_error(perfect):
    errors = demo.compare(perfect)
    assert max(errors.values()) < 1e-6
    assert "vertical_force_percent" not in errors  # nothing was simulated


def test_the_world_frame_does_not_matter(perfect):
    turn, shift = Rotation.from_euler("z", 40, degrees=True).as_matrix(), np.array([1.0, -2.0, 0.0])
    R, t = perfect.camera.R_camera_world @ turn.T, perfect.camera.t_camera_world
    camera = replace(perfect.camera, R_camera_world=R, t_camera_world=t - R @ shift)
    elsewhere = replace(perfect, joints=perfect.joints @ turn.T + shift, camera=camera)
    assert max(demo.compare(elsewhere).values()) < 1e-6


def test_an_error_is_seen_and_printed(perfect):
    joints = perfect.joints.copy()
    joints[:, landmarks.INDEX["left_wrist"]] += [0.0, 0.0, 0.12]
    errors = demo.compare(replace(perfect, joints=joints))
    assert errors["mpjpe_mm"] == pytest.approx(10)
    assert "MPJPE 10.0 mm" in demo.as_text(errors) and "force" not in demo.as_text(errors)


def test_the_force_is_compared_if_the_motion_was_simulated(perfect):
    force = np.zeros((len(perfect), 2, 3))
    force[:, :, 2] = 0.9 * demo._truth()["contact_force"][:, :, 2]
    simulated = replace(
        perfect,
        contact_force=force,
        contact_names=("left_heel", "right_heel"),
        ctrl=np.zeros((len(perfect), perfect.ctrl.shape[1])),
    )
    errors = demo.compare(simulated)
    assert errors["vertical_force_percent"] == pytest.approx(10)
    assert "vertical ground force off by 10.0 % in stance" in demo.as_text(errors)


def test_the_options_are_what_the_user_of_a_measured_camera_would_say():
    asked = options(**demo.given())
    assert asked.height_given and 1.5 < asked.height < 2 and 40 < asked.mass < 120 and asked.gives_focal_length


def test_the_command_prints_the_error(perfect, monkeypatch, capsys, tmp_path):
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(RUN, lambda video, folder, quiet, **given: calls.append((folder, given)) or perfect)
    assert cli.main(["demo"]) == cli.main(["demo", "-o", "mine", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.count("against the exact ground truth: MPJPE 0.0 mm") == 2
    assert "to look at it, run: motionrecon view demo_motionrecon\n" in out and "view mine" not in out
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [".venv/bin/motionrecon"])
    assert cli.main(["demo"]) == 0
    assert ".venv/bin/motionrecon view demo_motionrecon" in capsys.readouterr().out
    (default, default_given), (mine, mine_given), _ = calls
    assert str(default) == "demo_motionrecon" and str(mine) == "mine"
    assert not default_given["force"] and not mine_given["force"], "the user's own folder is not overwritten"


def test_a_second_demo_replaces_the_first_and_nothing_else(perfect, monkeypatch, tmp_path):
    forced = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(RUN, lambda video, folder, quiet, **given: forced.append(given["force"]) or perfect)
    folder = tmp_path / "demo_motionrecon"

    def finished(camera):
        with (
            ResultFolder.claim(folder, force=True, options={"camera": camera}) as claimed,
            claimed.publish() as scratch,
        ):
            (scratch / "motion.npz").write_text("ours")

    def asked(*arguments):
        assert cli.main(["demo", *arguments]) == 0
        return forced.pop()

    finished(str(demo.given()["camera"]))
    assert asked() and not asked("-o", "demo_motionrecon") and asked("-o", "demo_motionrecon", "--force")
    (folder / "overlay.mp4").write_text("mine")
    assert not asked() and asked("--force")
    (folder / "overlay.mp4").unlink()
    (folder / "motion.npz").write_text("edited")
    assert not asked()
    for camera in ("my.toml", None, 7):
        finished(camera)
        assert not asked(), "a result of the user's own video"
    (folder / ".motionrecon.json").unlink()
    assert not asked()
