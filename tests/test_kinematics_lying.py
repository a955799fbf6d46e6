"""What somebody rests on who is not on their feet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import people
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.body.tangent import PLACE, QUATERNION, difference
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.block import Block
from motionrecon.kinematics.lying import lying_points
from motionrecon.kinematics.solver import solve
from motionrecon.kinematics.state import HEIGHT, Trajectory
from motionrecon.kinematics.terms.contact import KNOWN, TILTED
from motionrecon.kinematics.terms.resting import Resting

FPS, FRAMES = 30.0, 12


def lies(over: float, falls: bool = False) -> Trajectory:
    """Somebody on the back, the feet raised a little, so far over the floor; at rest or in free fall."""
    body = people.person()
    qpos = np.tile(body.rest_qpos, (FRAMES, 1))
    qpos[:, QUATERNION] = Rotation.from_euler("y", -97, degrees=True).as_quat()[[3, 0, 1, 2]]
    x = Trajectory(body, qpos, Plane())
    qpos[:, PLACE][:, 2] += over - lowest(x)
    if falls:
        qpos[:, 2] -= 0.5 * 9.81 * (np.arange(FRAMES) / FPS) ** 2
        qpos[:, 2] += 0.5 * 9.81 * (FRAMES / FPS) ** 2
    return Trajectory(body, qpos, Plane())


def lowest(x: Trajectory) -> float:
    return float((x.ground.gap(x.pose.at(x.body.hull))[0] - x.body.hull.radii).min())


def test_who_lies_is_on_what_is_lowest_of_them():
    found = lying_points(lies(0.05), FPS, KNOWN)
    assert found.over.min() == pytest.approx(0.05)
    on = found.resting.max(axis=0)
    names = np.array(lies(0.05).body.hull.names)
    assert on.max() > 0.45 and not any("hand" in name or "shank" in name for name in names[on > 0.1])
    assert {"pelvis", "chest", "skull"} & set(names[on > 0.1])


@pytest.mark.parametrize(
    ("x", "within"),
    [(lies(0.5), TILTED), (lies(0.2), KNOWN), (lies(0.05, falls=True), KNOWN)],
    ids=["on a table", "on a mattress", "in flight"],
)
def test_who_lies_on_something_else_or_falls_is_not_drawn_to_the_floor(x, within):
    assert lying_points(x, FPS, within).resting.max() < 1e-6


def test_who_stands_or_walks_is_on_soles_alone():
    body = people.person()
    x = Trajectory(body, people.stepping(body, 30), Plane())
    assert not lying_points(x, FPS, TILTED).soles.any(), "these are judged as soles that stand"
    assert Resting.of(lying_points(x, FPS, TILTED), 1.0) == []


def test_before_the_distance_is_known_what_is_high_in_the_body_may_be_below_the_floor():
    body = people.person()
    qpos = people.stepping(body, FRAMES)
    qpos[:, 2] -= 1.2
    assert Resting.of(lying_points(Trajectory(body, qpos, Plane()), FPS, KNOWN), 1.0) == []


@pytest.mark.parametrize("off", [0.2, -0.1])
def test_the_floor_comes_to_who_lies(off):
    x = replace(lies(off), free=(HEIGHT,))

    def as_seen(y: Trajectory) -> Block:
        away = difference(x.qpos, y.qpos) / 0.01
        one = np.tile(np.eye(away.shape[1]) / 0.01, (FRAMES, 1, 1))
        return Block(away, (one,), np.arange(FRAMES), float((away**2).sum()))

    found = solve(x, [*Resting.of(lying_points(x, FPS, TILTED), 1.0), as_seen], 20)
    assert abs(lowest(found)) < 0.01


def test_who_lies_with_the_feet_lowest_is_on_those():
    x = lies(0.1)
    qpos = x.qpos.copy()
    qpos[:, QUATERNION] = Rotation.from_euler("y", -85, degrees=True).as_quat()[[3, 0, 1, 2]]
    tipped = Trajectory(x.body, qpos, Plane())
    tipped = replace(tipped, ground=Plane(float(tipped.over.min()) - 0.05))
    found = lying_points(tipped, FPS, KNOWN)
    assert tipped.over.min() < found.over.min() and found.soles.max() > 0.45 > found.resting.max()
