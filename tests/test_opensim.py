"""TRC, MOT and OSIM in OpenSim itself, unedited; and what can be said of the files without it.

OpenSim lives in an environment of its own: MOTIONRECON_OPENSIM_PYTHON names its Python (``pip install opensim``).
"""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest
from motions import as_if_simulated, body, kinematic, walking
from support import HANGS, require

from motionrecon.body.pose import pose
from motionrecon.cli import main
from motionrecon.core.euler import continuous
from motionrecon.errors import InputError
from motionrecon.export import export
from motionrecon.export.opensim import bodies_of, in_ground
from motionrecon.mechanics.summary import Mechanics, mechanics
from motionrecon.result.motion import Motion

FPS = 30000 / 1001
#: Frames of six in which nobody was seen: the first, the last, and one between.
GAPS = [True, False, False, True, False, True]


def still(frames: int = 12) -> Motion:
    """Somebody who holds a pose on both feet, with the torques that this takes, by MuJoCo's statics."""
    model = body().model
    motion = kinematic(np.repeat(walking(20).qpos[7:8], frames, axis=0), FPS)
    random = np.random.default_rng(1)
    weight = 9.81 * model.body_mass.sum()
    force = random.uniform(0.5, 1.5, (1, len(motion.contact_names), 3)) * [3.0, 2.0, weight / 8]
    at = pose(model, motion.qpos[:1])
    data = mujoco.MjData(model)
    data.qpos[:] = motion.qpos[0]
    mujoco.mj_forward(model, data)
    needed = data.qfrc_bias.copy()
    for i, name in enumerate(motion.contact_names):
        geom = model.geom(name)
        place = at.origins[0, geom.bodyid[0]] + at.rotations[0, geom.bodyid[0]] @ geom.pos
        jacobian = np.zeros((3, model.nv))
        mujoco.mj_jac(model, data, jacobian, None, place - [0, 0, geom.size[0]], geom.bodyid[0])
        needed -= jacobian.T @ force[0, i]
    torque = np.repeat(needed[None, model.jnt_dofadr[model.actuator_trnid[:, 0]]], frames, axis=0)
    motion = replace(motion, contact_force=np.repeat(force, frames, axis=0), joint_torque=torque)
    return as_if_simulated(motion)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("opensim")
    export(replace(walking(6, FPS), tracked=~np.array(GAPS)), folder / "gaps.trc")
    for name in ("walk.trc", "walk.mot", "walk.osim"):
        export(walking(40, FPS), folder / name)
    export(still(), folder / "still.mot")
    export(still(), folder / "forces.mot", "mot-forces")
    return folder


@pytest.fixture(scope="module")
def opensim(folder: Path) -> dict[str, np.ndarray]:
    """What OpenSim made of the files."""
    python = os.environ.get("MOTIONRECON_OPENSIM_PYTHON", "")
    require(python and Path(python).exists(), "OpenSim's Python (MOTIONRECON_OPENSIM_PYTHON)")
    script = Path(__file__).with_name("opensim_read.py")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, str(script), str(folder)], capture_output=True, text=True, timeout=HANGS, env=clean, cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(folder / "opensim.npz") as file:
        return dict(file)


def test_opensim_reads_the_markers(opensim: dict[str, np.ndarray]) -> None:
    motion = walking(40, FPS)
    assert tuple(opensim["marker_names"]) == motion.joint_names
    assert str(opensim["marker_units"]) == "mm" and opensim["marker_rate"] == pytest.approx(FPS, abs=1e-3)
    np.testing.assert_allclose(opensim["markers"], 1e3 * in_ground(motion.joints), atol=1e-3)
    np.testing.assert_allclose(opensim["time"], motion.time, atol=1e-6)
    up = opensim["markers"][:, list(opensim["marker_names"]).index("nose"), 1]
    assert (up > 1400).all()


def test_the_model_moved_by_the_angles_puts_its_markers_where_they_are(opensim: dict[str, np.ndarray]) -> None:
    assert str(opensim["in_degrees"]) == "yes"
    error = np.linalg.norm(1e3 * opensim["model_markers"] - opensim["markers"], axis=-1)
    assert error.max() < 0.01  # millimetres
    assert opensim["mass"] == pytest.approx(body().mass, rel=1e-4)


def test_opensim_reads_the_forces(opensim: dict[str, np.ndarray]) -> None:
    feet = mechanics(still()).feet
    names = list(opensim["force_names"])
    for i, side in enumerate("lr"):
        for kind, values in ((f"ground_force_{side}_v", feet.force), (f"ground_force_{side}_p", feet.pressure)):
            columns = [names.index(kind + axis) for axis in "xyz"]
            np.testing.assert_allclose(opensim["forces"][:, columns], in_ground(values[:, i]), rtol=1e-6, atol=1e-7)


#: Coordinates of OpenSim, and the angles of ours, with the sign between the two.
SAME = {
    "hip_flexion": ("hip_flexion", 1),
    "hip_adduction": ("hip_adduction", 1),
    "hip_rotation": ("hip_internal_rotation", 1),
    "knee_angle": ("knee_flexion", 1),
    "ankle_angle": ("ankle_dorsiflexion", 1),
    "subtalar_angle": ("ankle_inversion", 1),
    "elbow_flex": ("elbow_flexion", 1),
}
SAME_IN_THE_MIDDLE = {
    "lumbar_extension": ("trunk_flexion", -1),
    "lumbar_bending": ("trunk_bending_right", 1),
    "lumbar_rotation": ("trunk_rotation_left", 1),
    "neck_extension": ("neck_flexion", -1),
}


def pairs() -> list[tuple[str, str, int]]:
    sided = [
        (f"{theirs}_{side[0]}", f"{side}_{ours}", sign)
        for theirs, (ours, sign) in SAME.items()
        for side in ("left", "right")
    ]
    return sided + [(theirs, ours, sign) for theirs, (ours, sign) in SAME_IN_THE_MIDDLE.items()]


@pytest.fixture(scope="module")
def held() -> Mechanics:
    return mechanics(still())


def test_opensims_inverse_dynamics_finds_our_moments(opensim: dict[str, np.ndarray], held: Mechanics) -> None:
    """From its files alone: masses, signs, forces and where they act are all what we say they are."""
    names, middle = list(opensim["moment_names"]), len(opensim["moments"]) // 2
    for theirs, ours, sign in pairs():
        wanted = sign * held.moments.values[0, held.moments.names.index(ours)]
        found = opensim["moments"][middle, names.index(f"{theirs}_moment")]
        assert found == pytest.approx(wanted, abs=0.02, rel=1e-3), theirs


def test_the_coordinates_are_our_angles_by_opensims_names(folder: Path, held: Mechanics) -> None:
    lines = (folder / "still.mot").read_text().splitlines()
    start = lines.index("endheader") + 1
    found = dict(zip(lines[start].split("\t"), map(float, lines[start + 1].split("\t")), strict=True))
    assert "Filter: none." in lines[:start]
    for theirs, ours, sign in pairs():
        wanted = sign * np.degrees(held.angles.values[0, held.angles.names.index(ours)])
        assert found[theirs] == pytest.approx(wanted, abs=1e-4), theirs


def test_the_knee_of_gait2392_flexes_to_the_negative_side(tmp_path: Path) -> None:
    motion = walking(3)
    motion.save(tmp_path / "walk")
    tables = {}
    for signs in ("rajagopal", "gait2392"):
        assert main(["export", str(tmp_path / "walk"), str(tmp_path / f"{signs}.mot"), "--signs", signs]) == 0
        lines = (tmp_path / f"{signs}.mot").read_text().splitlines()
        start = lines.index("endheader") + 1
        tables[signs] = dict(zip(lines[start].split("\t"), map(float, lines[start + 1].split("\t")), strict=True))
    for name, value in tables["rajagopal"].items():
        assert tables["gait2392"][name] == pytest.approx(-value if name.startswith("knee_angle") else value)
    with pytest.raises(InputError, match="signs=opencap: no such model"):
        export(motion, tmp_path / "a.mot", signs="opencap")


def test_forces_of_a_motion_without_physics_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not simulated"):
        export(walking(3), tmp_path / "a.mot", "mot-forces")
    assert not list(tmp_path.iterdir())


def test_frames_without_a_person_have_no_markers(tmp_path: Path) -> None:
    motion = walking(4)
    export(replace(motion, tracked=np.array([True, False, True, True])), tmp_path / "a.trc")
    rows = [line.split("\t") for line in (tmp_path / "a.trc").read_text().splitlines()[6:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"] and {len(row) for row in rows} == {2 + 3 * 33}
    assert set(rows[1][2:]) == {"nan"} and "nan" not in rows[2]
    export(replace(as_if_simulated(motion), tracked=np.zeros(4, bool)), tmp_path / "b.trc")
    assert "nan" not in (tmp_path / "b.trc").read_text()


def test_opensim_finds_gaps_where_nobody_was_seen(opensim: dict[str, np.ndarray]) -> None:
    assert np.isnan(opensim["gaps"]).all(axis=(1, 2)).tolist() == GAPS and np.isnan(opensim["gaps"]).sum() == 9 * 33


def test_the_model_weighs_what_the_person_does_and_locks_what_cannot_move(folder: Path) -> None:
    model = ET.parse(folder / "walk.osim").getroot()
    masses = [float(mass.text or "") for mass in model.iter("mass")]
    assert sum(masses) == pytest.approx(body().mass, rel=1e-4) and min(masses) > 0.5
    locked = [c.get("name") for c in model.iter("Coordinate") if c.findtext("locked") == "true"]
    assert locked == ["pro_sup_l", "pro_sup_r"]
    assert [one.name for one in bodies_of(body())][:4] == ["pelvis", "torso", "head", "femur_l"]


def test_turns_are_continued_past_where_two_axes_meet() -> None:
    from scipy.spatial.transform import Rotation

    steps = np.linspace(0, np.pi, 90)
    raised = Rotation.from_euler("X", steps[:, None])  # an arm goes up sideways, past a right angle
    angles = continuous(raised.as_euler("ZXY"), "ZXY")
    np.testing.assert_allclose(Rotation.from_euler("ZXY", angles).as_matrix(), raised.as_matrix(), atol=1e-9)
    assert np.abs(np.diff(angles, axis=0)).max() < 0.1
