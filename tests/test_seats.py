"""What somebody sits on is drawn under them, where they do."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from motions import as_if_simulated, body, kinematic
from support import HANGS, wait_until
from viewing import chromium, decode, write_video

from motionrecon.body.pose import pose
from motionrecon.render.picturing import Studio
from motionrecon.render.side_view import SideView, heading_of
from motionrecon.result.motion import Motion
from motionrecon.result.seats import Seat, seats, standing_out
from motionrecon.viewer import Viewer
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


def shin(motion: Motion, side: str) -> np.ndarray:
    """(3,) the middle of a shin of one who sits."""
    knee, ankle = (motion.joints[SITS.start, motion.joint_names.index(f"{side}_{part}")] for part in ("knee", "ankle"))
    return np.asarray((knee + ankle) / 2)


def test_in_pictures_it_hides_legs_behind_it_and_legs_before_it_hide_it() -> None:
    motion, t, size = on_a_chair(), SITS.start, (240, 320)
    (seat,) = seats(motion)
    studio = Studio(motion, size[1])
    stage = SideView(motion.joints, heading_of(motion), motion.camera, size, motion.fps)
    angles = np.radians(np.arange(0, 360, 10))
    ways = [stage.turned(angle).camera(t).axes[0, 2, :2] @ seat.forward for angle in angles]

    def coloured(angle: float) -> list[int]:
        """How far the left shin is from grey towards orange, and the right one towards blue."""
        image, camera = studio.staged(t, angle, size[0]).astype(int), stage.turned(angle).camera(t)
        found = []
        for side, channels in (("left", (0, 2)), ("right", (2, 0))):
            x, y = camera.project(shin(motion, side)[None, None])[0, 0].round().astype(int)
            found.append(int(image[y, x] @ np.eye(3, dtype=int)[list(channels)].T @ [1, -1]))
        return found

    assert min(coloured(float(angles[np.argmin(ways)]))) > 100, "who faces us has the legs before the seat"
    from_behind = float(angles[np.argmax(ways)])
    assert 0 < min(coloured(from_behind)) <= max(coloured(from_behind)) < 70, "they shine through it, faintly"
    # The shadow is on the floor, which the seat hides.
    back = seat.hips - 0.22 * seat.forward
    camera, image = stage.turned(from_behind).camera(t), studio.staged(t, from_behind, size[0]).astype(int)
    low, high = (camera.project(np.array([[[*back, z]]]))[0, 0].round().astype(int) for z in (0.04, 0.3))
    assert np.abs(image[low[1], low[0]] - image[high[1], high[0]]).max() < 8


def test_in_the_viewer_it_is_a_veil_over_the_film_that_shows_the_true_one(
    tmp_path: Path, open_viewer: Callable[[Motion], Viewer]
) -> None:
    write_video(tmp_path / "film.mp4", 24, fps=30, size=(320, 240))
    seated = on_a_chair(turn=np.pi / 2)  # away from the camera
    motion = replace(seated, report={**seated.report, "source": {"video": str(tmp_path / "film.mp4"), "start": 0.0}})
    (seat,), frame = seats(motion), 3
    wall = np.array([*(seat.hips - [0.2, 0.22]), 0.1])  # of its back, beside the legs
    viewer = open_viewer(motion)

    def seen(tab: Any, point: np.ndarray) -> np.ndarray:
        """The colour (BGR) at a point of the world."""
        stage = tab.locator("#stage")
        image = decode(base64.b64decode(stage.evaluate("e => e.toDataURL('image/png')").partition(",")[2])).astype(int)
        clip = np.array(stage.get_attribute("data-clip").split(), float).reshape(4, 4).T
        x, y, _, w = clip @ [*point, 1]
        height, width = image.shape[:2]
        return np.asarray(image[round((0.5 - 0.5 * y / w) * height), round((0.5 + 0.5 * x / w) * width)])

    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 900, "height": 700})
        tab.set_default_timeout(1000 * HANGS)
        tab.goto(viewer.url)
        tab.wait_for_selector("html[data-drawn]")
        assert wait_until(lambda: viewer.server.listeners == 1)
        viewer.seek(frame)
        tab.keyboard.press("c")
        film = 0.92 * (10 * frame + 5)
        beside = wall - [0.4, 0.0, 0.0]
        assert wait_until(lambda: bool(np.abs(seen(tab, beside) - film).max() < 8))
        assert (seen(tab, wall) > film + 15).all() and (seen(tab, wall) < film + 90).all()
        leg = seen(tab, shin(motion, "left"))
        assert leg[2] > leg[0] + 20, "the leg behind it is seen through it"
