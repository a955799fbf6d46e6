"""CSV of everything, for spreadsheets, R, MATLAB, pandas: one row a frame, one line of names.

``walk.csv`` opens without settings: its only header is a line of names, each with its unit at its end
(``left_knee_flexion_deg``, ``left_foot_force_z_N``), and a cell is empty where there is no such number: forces of
frames that were not simulated, the centre of pressure of a foot in the air, and angles, places and velocities in frames
in which nobody was seen and nothing was simulated, since the body only waits there (``qpos_...`` says how). Beside it
stand ``walk.columns.csv``, which says of each column its unit, its axes, its sign, what it is and [how it was
filtered](#filters), ``walk.events.csv``, when feet come down and leave the ground, ``walk.gait.csv``, [how the person
walks or runs](#gait), and ``walk.strides.csv``, the same of each stride that counts, to leave out those that one does
not believe: its side, when it begins and ends, and the step with which it ends.

| columns | unit | what |
| --- | --- | --- |
| ``frame``, ``time_s``, ``tracked``, ``simulated`` | s | when, and 1 where the person was seen, and was simulated |
| ``left_knee_flexion_deg``, ... | degrees | [joint angles](angles.md) |
| ``left_knee_flexion_moment_Nm``, ... | N m | internal joint moments about the same axes, signed as the angles |
| ``left_knee_power_W``, ... | W | power of each joint, positive where it drives the motion |
| ``left_foot_force_z_N``, ``total_force_forward_N``, ... | N | force of the floor on each foot, and on all |
| ``left_foot_free_moment_Nm``, ``left_foot_on_ground`` | N m | moment about the vertical; 1 from strike to off |
| ``left_foot_cop_x_m``, ``total_cop_x_m``, ... | m | centre of pressure |
| ``com_x_m``, ``com_velocity_forward_m_s``, ... | m, m/s | centre of mass |
| ``left_knee_x_m``, ... | m | the 33 landmarks |
| ``left_heel_point_force_z_N``, ... | N, m | force on each foot point, and where that is |
| ``qpos_root_x_m``, ... | as named | coordinates of the body in model.xml, and torques of its actuators |

Where the film shows hands, they are there too, tracked and not simulated: ``left_hand_seen``, ``left_hand_turn_deg``
(how far the hand is turned from the simulated one, whose wrist the joint angles tell), ``left_index_pip_flexion_deg``
and so on.

Normalized (``--normalized``), forces are in body weights (``_BW``), moments in N m/kg and power in W/kg.

Angles are degrees, and lengths metres. Columns in ``_x``, ``_y`` and ``_z`` are along the axes of the world, z up: x
and y are those of the calibration, or, without one, x is to the right of the first camera and y away from it; the file
of the columns says which. Forces of the feet and the velocity of the centre of mass are also told in the directions of
the person, as plots show them: ``_forward`` is where the pelvis looks on average, and on a treadmill the way
walked over its belt, ``_leftward`` to the left of that.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionrecon.core.files import atomic
from motionrecon.export import gait_table
from motionrecon.export.columns import columns, plain
from motionrecon.export.filters import filter_of
from motionrecon.mechanics.summary import mechanics

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def write(motion: Motion, path: str | Path, *, normalized: bool = False) -> None:
    """Write all of ``motion`` to ``path``, and beside it what its columns are, when feet touch the ground, and gait.

    Args:
        motion: what is written.
        path: the file.
        normalized: forces in body weights, moments in N m/kg and power in W/kg, instead of N, N m and W.

    Raises:
        OutputError: a file cannot be written.
    """
    found = mechanics(motion)
    table, target = columns(motion, found, normalized=normalized), Path(path)
    values = np.column_stack([column.values for column in table])
    rows = (["" if np.isnan(number) else f"{number:.7g}" for number in row] for row in values)
    _write(target, [column.name for column in table], rows)
    _write(
        target.with_suffix(".columns.csv"),
        ["column", "unit", "group", "axes", "what", "filter"],
        ([one.name, one.unit, one.group, one.axes, one.what, filter_of(one)] for one in table),
    )
    events = sorted(
        (time, plain(foot.name), event)
        for foot in found.events
        for event, times in (("foot strike", foot.strikes), ("foot off", foot.offs))
        for time in times.tolist()
    )
    rows = ([f"{time:.4f}", foot, event] for time, foot, event in events)
    _write(target.with_suffix(".events.csv"), ["time_s", "foot", "event"], rows)
    _write(target.with_suffix(".gait.csv"), gait_table.HEAD, gait_table.rows(found.gait, motion.report))
    _write(target.with_suffix(".strides.csv"), gait_table.STRIDE_HEAD, gait_table.stride_rows(found.gait))


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
