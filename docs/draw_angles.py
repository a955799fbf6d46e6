"""Draws docs/angles.png: what is positive. Run from the repository's root: python docs/draw_angles.py

Every pose is the body's own, bent by its hinges, and every number is what `joint_angles` tells of that pose.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.mechanics.angles import joint_angles
from motionrecon.render.colours import LEFT, RIGHT

INK, FAINT, ACCENT = "#30343c", "#b9c0ca", "#0f9d58"
COLOURS = {"left": [c / 255 for c in LEFT], "right": [c / 255 for c in RIGHT]}
BODY = Capsules.build(1.75)


class Pose:
    """The body with some hinges bent, degrees, projected by two axes of the world."""

    def __init__(self, across: np.ndarray, up: np.ndarray, turn: np.ndarray | None = None, **hinges: float) -> None:
        model = BODY.model
        qpos = BODY.rest_qpos.copy()[None]
        for name, degrees in hinges.items():
            qpos[0, model.joint(name).qposadr[0]] = np.radians(degrees)
        if turn is not None:
            qpos[0, 3:7] = turn
        at = pose(model, qpos)
        self._points, self._project = at.at(BODY.landmarks)[0], np.stack([across, up])
        found = joint_angles(BODY, at)
        self.angles = dict(zip(found.names, np.degrees(found.values[0]), strict=True))

    def at(self, name: str) -> np.ndarray:
        if name in ("hip", "shoulder"):
            return 0.5 * (self.at(f"left_{name}") + self.at(f"right_{name}"))
        return self._project @ self._points[INDEX[name]]


def draw(ax: Axes, one: Pose, sides: tuple[str, ...] = ("right", "left")) -> None:
    """The person as lines between joints."""
    for side in sides:
        for chain in (("hip", "knee", "ankle", "foot_index"), ("shoulder", "elbow", "wrist")):
            line = np.array([one.at(f"{side}_{name}") for name in chain])
            ax.plot(
                *line.T, color=COLOURS[side], lw=3, solid_capstyle="round", solid_joinstyle="round", marker="o", ms=5
            )
        sole = np.array([one.at(f"{side}_{name}") for name in ("heel", "foot_index")])
        ax.plot(*sole.T, color=COLOURS[side], lw=3, solid_capstyle="round")
    trunk = np.array([one.at("hip"), one.at("shoulder"), one.at("nose")])
    ax.plot(*trunk.T, color=INK, lw=3, solid_capstyle="round", marker="o", ms=5)
    for name in ("hip", "shoulder"):
        ax.plot(*np.array([one.at(f"left_{name}"), one.at(f"right_{name}")]).T, color=INK, lw=3)


def arc(
    ax: Axes,
    corner: np.ndarray,
    zero: np.ndarray,
    turned: np.ndarray,
    label: str,
    radius: float = 0.2,
    shift: tuple[float, float] = (0.0, 0.0),
    align: str = "",
) -> None:
    """An arrow about a corner from the direction that is 0 to where the segment points, with what that is called."""
    start, end = (np.arctan2(v[1], v[0]) for v in (zero, turned))
    end = start + (end - start + np.pi) % (2 * np.pi) - np.pi
    ax.plot(
        *np.array([corner, corner + 1.5 * radius * zero / np.linalg.norm(zero)]).T,
        color=FAINT,
        lw=1.3,
        ls=(0, (4, 3)),
        zorder=0,
    )
    angles = np.linspace(start, end, 30)
    curve = corner + radius * np.stack([np.cos(angles), np.sin(angles)], -1)
    ax.plot(*curve[:-4].T, color=ACCENT, lw=1.8)
    ax.add_patch(
        FancyArrowPatch(
            curve[-6], curve[-1], arrowstyle="-|>", mutation_scale=11, color=ACCENT, lw=1.4, shrinkA=0, shrinkB=0
        )
    )
    middle = 0.5 * (start + end)
    out = np.array([np.cos(middle), np.sin(middle)])
    ax.annotate(
        label,
        corner + (radius + 0.03) * out + shift,
        ha=align or ("left" if out[0] >= 0 else "right"),
        va="center",
        fontsize=9,
        color=INK,
        bbox={"fc": "white", "ec": "none", "pad": 1.2, "alpha": 0.85},
        zorder=5,
    )


def said(one: Pose, name: str) -> str:
    bare = name.removeprefix("left_").removeprefix("right_")
    return f"{bare.replace('_', ' ')} {one.angles[name]:+.0f}°"


def side_view(ax: Axes) -> None:
    tilt = np.radians(12)
    one = Pose(
        np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([np.cos(tilt / 2), 0, np.sin(tilt / 2), 0]),
        lumbar_flexion=14, left_hip_flexion=42, left_knee_flexion=58, left_ankle_flexion=16, left_elbow_flexion=0,
        right_hip_flexion=8, right_knee_flexion=6,
    )  # fmt: skip
    draw(ax, one)
    hip, knee, ankle = (one.at(f"left_{name}") for name in ("hip", "knee", "ankle"))
    down = np.array([-np.sin(tilt), -np.cos(tilt)])
    arc(ax, hip, down, knee - hip, said(one, "left_hip_flexion"), 0.24)
    arc(ax, knee, knee - hip, ankle - knee, said(one, "left_knee_flexion"), 0.2)
    shank, foot = knee - ankle, one.at("left_foot_index") - one.at("left_heel")
    arc(ax, ankle, np.array([shank[1], -shank[0]]), foot, said(one, "left_ankle_dorsiflexion"), 0.17)
    arc(ax, one.at("hip"), -down, one.at("shoulder") - one.at("hip"), said(one, "trunk_flexion"), 0.36)
    arc(ax, one.at("hip"), np.array([0, 1.0]), -down, said(one, "pelvis_anterior_tilt"), 0.62)
    ax.set_title("from its right", fontsize=11, color=INK)


def front_view(ax: Axes) -> None:
    list_ = np.radians(-9)
    one = Pose(
        np.array([0, 1.0, 0]), np.array([0, 0, 1.0]), np.array([np.cos(list_ / 2), -np.sin(list_ / 2), 0, 0]),
        lumbar_lateral=14, left_hip_abduction=-16, right_hip_abduction=12, left_ankle_inversion=-22,
        left_shoulder_a=0, left_shoulder_b=0, left_clavicle_elevation=0,
    )  # fmt: skip
    draw(ax, one)
    across = one.at("left_hip") - one.at("right_hip")
    down = np.array([across[1], -across[0]])
    for side in ("left", "right"):
        hip, knee = one.at(f"{side}_hip"), one.at(f"{side}_knee")
        shift, align = ((0.0, 0.02), "left") if side == "left" else ((-0.07, -0.02), "right")
        arc(ax, hip, down, knee - hip, said(one, f"{side}_hip_adduction"), 0.3, shift, align)
    arc(ax, one.at("hip"), -down, one.at("shoulder") - one.at("hip"), said(one, "trunk_bending_right"), 0.36)
    arc(ax, one.at("right_hip"), np.array([1.0, 0]), across, said(one, "pelvis_obliquity_left_up"), 0.32)
    trunk = one.at("hip") - one.at("shoulder")
    shoulder, elbow = one.at("left_shoulder"), one.at("left_elbow")
    arc(ax, shoulder, trunk, elbow - shoulder, said(one, "left_shoulder_elevation"), 0.2)
    ax.set_title("from the front (its left is orange)", fontsize=11, color=INK)


def top_view(ax: Axes) -> None:
    turn = np.radians(24)
    one = Pose(
        np.array([0, -1.0, 0]), np.array([1.0, 0, 0]), np.array([np.cos(turn / 2), 0, 0, np.sin(turn / 2)]),
        lumbar_twist=22, left_hip_rotation=-20, right_hip_rotation=25, left_hip_abduction=14, right_hip_abduction=14,
        right_elbow_flexion=20, left_elbow_flexion=20,
    )  # fmt: skip
    draw(ax, one)
    looks = np.array([-np.sin(turn), np.cos(turn)])
    arc(ax, one.at("hip"), np.array([0, 1.0]), looks, said(one, "pelvis_rotation_left"), 0.42, (-0.02, 0.06))
    across = one.at("right_shoulder") - one.at("left_shoulder")
    arc(ax, one.at("hip"), looks, np.array([-across[1], across[0]]), said(one, "trunk_rotation_left"), 0.26)
    for side in ("left", "right"):
        heel, toe = one.at(f"{side}_heel"), one.at(f"{side}_foot_index")
        arc(ax, heel, looks, toe - heel, said(one, f"{side}_hip_internal_rotation"), 0.34, (0.0, 0.05), "center")
    ax.set_title("from above, facing up the page", fontsize=11, color=INK)


def main() -> None:
    figure = Figure(figsize=(13.5, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    views: tuple[Callable[[Axes], None], ...] = (side_view, front_view, top_view)
    for i, view in enumerate(views):
        ax = figure.add_subplot(1, 3, i + 1)
        view(ax)
        ax.set_aspect("equal")
        ax.margins(0.16, 0.06)
        ax.axis("off")
    figure.savefig(Path(__file__).with_name("angles.png"), dpi=110, facecolor="white")


if __name__ == "__main__":
    main()
