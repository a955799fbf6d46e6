"""What somebody sits on is drawn under them, where they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import trimesh
from motions import as_if_simulated, body, kinematic

from motionrecon.body.pose import pose
from motionrecon.render.picturing import Studio
from motionrecon.result.motion import Motion
from motionrecon.result.seats import Seat, seats, standing_out
from motionrecon.viewer.layers.ground import ground
from motionrecon.viewer.poses import compute_poses

#: Frames, of 30, in which the person sits, and how high the hips are, metres.
SITS, HIPS = slice(10, 20), 0.55


def on_a_chair(turn: float = 0.7, bend: float = 90.0, status: str = "seated") -> Motion:
    """Somebody who is not simulated in `SITS`, hips and knees bent by so many degrees, turned about the vertical."""
    model = body().model
    qpos = np.zeros((30, model.nq))
    qpos[:, :3], qpos[:, 3], qpos[:, 6] = (1.0, 2.0, HIPS), np.cos(turn / 2), np.sin(turn / 2)
    for side in ("left", "right"):
        for hinge in ("hip_flexion", "knee_flexion"):
            qpos[:, model.joint(f"{side}_{hinge}").qposadr[0]] = np.radians(bend)
    motion = as_if_simulated(kinematic(qpos))
    ctrl, steps = motion.ctrl.copy(), motion.steps_per_frame
    ctrl[SITS.start * steps : SITS.stop * steps] = np.nan
    window = {"first_frame": SITS.start, "last_frame": SITS.stop, "status": status}
    return replace(motion, ctrl=ctrl, report={**motion.report, "windows": [window]})


def test_a_seat_stands_under_who_sits_as_high_as_they_are_and_no_higher() -> None:
    motion = on_a_chair()
    (seat,) = seats(motion)
    at = pose(motion.model, motion.qpos[15:16])
    lowest = (motion.body.skin.at(at)[0, 0, :, 2] - motion.body.skin.radii[0]).min()
    assert motion.body.skin.names[0] == "pelvis" and abs(seat.height - lowest) < 0.02
    np.testing.assert_allclose(seat.hips, [1.0, 2.0], atol=1e-9)
    np.testing.assert_allclose(seat.forward, [np.cos(0.7), np.sin(0.7)], atol=1e-9)
    knees = motion.joints[15, [motion.joint_names.index(f"{side}_knee") for side in ("left", "right")], :2]
    assert ((knees - seat.hips) @ seat.forward > seat.before).all()  # the shanks hang before it


def test_its_mesh_is_closed_and_of_its_size() -> None:
    seat = Seat(np.array([1.0, 2.0]), np.array([0.6, 0.8]), before=0.28, height=0.4)
    block = trimesh.Trimesh(*seat.mesh)
    assert block.is_watertight and block.is_winding_consistent
    assert abs(block.volume - 0.5 * 0.5 * 0.4) < 1e-9  # positive: its faces look outwards
    np.testing.assert_allclose(block.bounds[:, 2], [0.0, 0.4])


def test_who_leans_fails_or_is_nowhere_seen_sits_on_nothing() -> None:
    assert seats(on_a_chair(bend=20.0)) == ()
    assert seats(on_a_chair(status="failed")) == ()
    assert seats(replace(on_a_chair(), tracked=np.zeros(30, bool))) == ()


def test_who_sits_down_again_sits_on_the_same_seat_and_elsewhere_on_another() -> None:
    motion = on_a_chair()
    pause = {
        **motion.report,
        "windows": [{"first_frame": a, "last_frame": b, "status": "seated"} for a, b in ((11, 13), (16, 18))],
    }
    assert len(seats(replace(motion, report=pause))) == 1
    moved = motion.joints.copy()
    moved[15:, :, 0] += 1.0
    assert len(seats(replace(motion, report=pause, joints=moved))) == 2


def test_pictures_and_viewer_show_it() -> None:
    motion = on_a_chair()
    without = replace(motion, report={**motion.report, "windows": []})
    assert len(standing_out(motion)) == 1 and standing_out(without) == []
    assert (Studio(motion, 160).staged(0, 0.0, 160) != Studio(without, 160).staged(0, 0.0, 160)).any()
    assert [len(ground(one, compute_poses(one))) for one in (motion, without)] == [1, 0]
