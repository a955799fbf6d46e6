"""The table of everything, read by pandas: names, units, signs, and what is left empty."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from motions import simulated, walking
from scipy.spatial.transform import Rotation

from motionrecon.cli import main
from motionrecon.core.landmarks import INDEX
from motionrecon.export import csv, export
from motionrecon.export.columns import columns, plain
from motionrecon.mechanics.summary import mechanics
from motionrecon.result.motion import Motion
from motionrecon.result.report import CameraFound


@pytest.fixture(scope="module")
def motion() -> Motion:
    motion = simulated(40, second_start=22)
    random = np.random.default_rng(0)
    force = np.abs(random.standard_normal(motion.contact_force.shape)) * [20, 20, 90]
    force[5:12, :4] = 0.0  # the left foot is in the air
    return replace(motion, contact_force=force, joint_torque=random.standard_normal(motion.joint_torque.shape))


@pytest.fixture(scope="module")
def table(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("csv") / "walk.csv"
    export(motion, path)
    table = pd.read_csv(path)
    table.attrs = {"columns": pd.read_csv(path.with_suffix(".columns.csv")), "folder": path.parent}
    return table


def test_pandas_reads_numbers_under_one_line_of_names(motion: Motion, table: pd.DataFrame) -> None:
    assert len(table) == len(motion) and all(kind.kind in "if" for kind in table.dtypes)
    np.testing.assert_allclose(table["time_s"], motion.time, atol=1e-6)
    np.testing.assert_allclose(table["left_hip_z_m"], motion.joints[:, INDEX["left_hip"], 2], atol=1e-6)
    np.testing.assert_allclose(table["qpos_root_z_m"], motion.qpos[:, 2], atol=1e-6)
    found = mechanics(motion)
    knee = found.angles.names.index("left_knee_flexion")
    np.testing.assert_allclose(table["left_knee_flexion_deg"], np.degrees(found.angles.values[:, knee]), atol=1e-4)
    there = motion.simulated
    moment = found.moments.values[:, found.moments.names.index("right_hip_adduction")]
    np.testing.assert_allclose(table["right_hip_adduction_moment_Nm"][there], moment[there], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(table["com_x_m"], found.com[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        table["total_force_z_N"][there], motion.contact_force[there, :, 2].sum(1), rtol=1e-5, atol=1e-6
    )


def test_what_was_not_simulated_or_is_in_the_air_is_empty(motion: Motion, table: pd.DataFrame) -> None:
    np.testing.assert_array_equal(table["simulated"] == 1, motion.simulated)
    assert not motion.simulated.all()
    for name in ("total_force_z_N", "left_knee_flexion_moment_Nm", "left_knee_power_W", "left_foot_on_ground"):
        np.testing.assert_array_equal(table[name].isna(), ~motion.simulated, err_msg=name)
    in_air = motion.simulated & (np.arange(len(motion)) >= 5) & (np.arange(len(motion)) < 12)
    assert in_air.any() and table["left_foot_cop_x_m"][in_air].isna().all()
    assert table["right_foot_cop_x_m"][motion.simulated].notna().all()
    assert not table["left_knee_flexion_deg"].isna().any()
    for foot in mechanics(motion).events:  # as the events have it, which pass over what lasts too short
        on_ground = table[f"{foot.name}_on_ground"][motion.simulated]
        np.testing.assert_array_equal(on_ground, foot.grounded[motion.simulated], err_msg=foot.name)


def test_what_only_waits_where_nobody_was_seen_is_empty(tmp_path: Path) -> None:
    motion = simulated(40, second_start=22)
    kinematic = np.flatnonzero(~motion.simulated)
    tracked = np.ones(len(motion), bool)
    tracked[[*kinematic[:3], 0]] = False  # frame 0 is simulated
    assert motion.simulated[0]
    export(replace(motion, tracked=tracked), tmp_path / "walk.csv")
    table = pd.read_csv(tmp_path / "walk.csv")
    waits = np.isin(np.arange(len(motion)), kinematic[:3])
    for name in ("left_knee_flexion_deg", "com_x_m", "com_velocity_forward_m_s", "nose_z_m", "left_heel_point_x_m"):
        np.testing.assert_array_equal(table[name].isna(), waits, err_msg=name)
    assert table.filter(like="qpos_").notna().all(axis=None) and (table["tracked"] == tracked).all()


def test_every_column_is_explained_and_ends_with_its_unit(table: pd.DataFrame) -> None:
    about = table.attrs["columns"].fillna("")
    assert list(about["column"]) == list(table.columns) and about["column"].is_unique
    marks = {"N m": "Nm", "m/s": "m_s"}
    for column, unit in zip(about["column"], about["unit"], strict=True):
        assert not unit or column.endswith("_" + marks.get(unit, unit)), column
    assert (about["what"] != "").all()
    about = about.set_index("column")
    mean = "none but the mean over one frame"
    for column, said in {
        "left_foot_force_z_N": mean,
        "left_foot_cop_x_m": mean,
        "left_knee_flexion_moment_Nm": mean,
        "left_knee_power_W": mean,
        "left_knee_flexion_deg": "none",
        "com_velocity_x_m_s": "none",
        "left_heel_point_x_m": "none",
        "left_foot_on_ground": "",
        "time_s": "",
    }.items():
        assert about.loc[column, "filter"] == said, column
    knee = about.loc["left_knee_flexion_moment_Nm"]
    assert "Z of the left thigh" in knee["axes"] and "positive: knee flexion" in knee["axes"]
    assert "sideways (0) to forward" in about.loc["left_shoulder_plane_deg", "axes"]


@pytest.mark.parametrize(
    ("pose", "x", "origin"), [("calibrated", "the calibration's x", "calibration's origin"),
                              ("estimated", "to the right of the first camera", "from the first camera")]
)  # fmt: skip
def test_the_axes_of_the_world_are_said(pose: str, x: str, origin: str) -> None:
    motion = walking(3)
    camera = CameraFound(pose=pose, focal_length="given", focal_px=900.0, pitch_deg=0.0)
    motion = replace(motion, report=replace(motion.report, camera=camera))
    axes = {column.name: column.axes for column in columns(motion, mechanics(motion))}
    assert x in axes["total_force_x_N"] and x in axes["com_x_m"] and origin in axes["com_x_m"]
    assert axes["com_z_m"] == "along the world's z (up), from the floor"


def test_forces_along_and_across_the_persons_direction(motion: Motion) -> None:
    turn = Rotation.from_euler("Z", 90, degrees=True)
    qpos, force = motion.qpos.copy(), motion.contact_force @ turn.as_matrix().T
    qpos[:, :3] = turn.apply(qpos[:, :3])
    qpos[:, 3:7] = (turn * Rotation.from_quat(qpos[:, 3:7], scalar_first=True)).as_quat(scalar_first=True)
    turned = replace(motion, qpos=qpos, contact_force=force)
    before, after = ({c.name: c for c in columns(one, mechanics(one))} for one in (motion, turned))
    for name in ("total_force_forward_N", "left_foot_force_leftward_N", "total_force_z_N"):
        np.testing.assert_allclose(after[name].values, before[name].values, atol=1e-6)
    np.testing.assert_allclose(after["total_force_y_N"].values, before["total_force_x_N"].values, atol=1e-6)
    (x, y), _ = mechanics(motion).heading
    assert f"({x:.3f}, {y:.3f})" in before["total_force_forward_N"].axes


def test_the_columns_that_the_documentation_names_are_there(table: pd.DataFrame) -> None:
    rows = [line for line in (csv.__doc__ or "").splitlines() if line.startswith("| ``")]
    named = {name for row in rows for name in re.findall(r"``(\w+)``", row.split("|")[1])}
    assert len(named) > 12 and named <= set(table.columns)


def test_normalized_to_the_body(motion: Motion, table: pd.DataFrame, tmp_path: Path) -> None:
    motion.save(tmp_path / "walk")
    assert main(["export", str(tmp_path / "walk"), str(tmp_path / "a.csv"), "--normalized"]) == 0
    by_mass, mass = pd.read_csv(tmp_path / "a.csv"), float(motion.model.body_mass.sum())
    np.testing.assert_allclose(by_mass["total_force_z_BW"] * mass * 9.81, table["total_force_z_N"], rtol=1e-5)
    np.testing.assert_allclose(
        by_mass["left_knee_flexion_moment_Nm_kg"] * mass, table["left_knee_flexion_moment_Nm"], rtol=1e-5
    )
    assert (tmp_path / "a.events.csv").read_text().startswith("time_s,foot,event\n")


def test_a_motion_without_physics_has_angles_and_no_forces(tmp_path: Path) -> None:
    export(walking(3), tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv")
    assert table["total_force_z_N"].isna().all() and table["left_hip_flexion_deg"].notna().all()


def test_no_name_is_a_formula_or_breaks_the_table(tmp_path: Path) -> None:
    motion = walking(3)
    nasty = ("=1+1", "a\tb", "a\nb", *motion.contact_names[3:])
    body = motion.model_xml
    for old, new in zip(motion.contact_names, nasty, strict=True):
        escaped = new.replace("\t", "&#9;").replace("\n", "&#10;")
        body = body.replace(f'name="{old}" type="sphere"', f'name="{escaped}" type="sphere"')
    landmarks = (*motion.joint_names, "two\tcells")
    joints = np.concatenate([motion.joints, motion.joints[:, :1]], axis=1)
    odd = replace(motion, contact_names=nasty, model_xml=body, joint_names=landmarks, joints=joints)
    export(odd, tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv")
    assert all(name[0].isalpha() or name[0] == "_" for name in table.columns)
    assert {"_1_1_point_x_m", "a_b_point_x_m", "two_cells_x_m"} <= {name.removesuffix(".1") for name in table.columns}
    assert [plain(name) for name in ("-1+1", "=A1", "left_foot", "a-b", "@x")] == [
        "_1_1",
        "_A1",
        "left_foot",
        "a-b",
        "_x",
    ]
    export(odd, tmp_path / "a.trc")
    assert {len(line.split("\t")) for line in (tmp_path / "a.trc").read_text().splitlines()[6:]} == {2 + 3 * 34}
