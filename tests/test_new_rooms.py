"""Another body, another ground and a camera that moves go through the fit and the simulation, and nothing knows it.

Their code is in ``stick.py``, ``step.py`` and ``dolly.py``, forty lines each. A product that has them touches, of the
files that exist: for a body `motionrecon.body` (a line of its table), the options and the kinematic stage, which picks
it; for a ground the options and the kinematic stage; for a camera the reader of its file, which makes it.
"""

from __future__ import annotations

import re
from dataclasses import replace

import motions
import numpy as np
import people
import pytest
from dolly import Dolly
from step import Step
from stick import Stick

from motionrecon.body import BODIES, Body, read
from motionrecon.body.base import ModelAlone
from motionrecon.body.capsules.body import Capsules
from motionrecon.body.geoms import ground_meshes
from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX
from motionrecon.data.clips import demo_clip
from motionrecon.errors import InputError
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import save
from motionrecon.kinematics import stage
from motionrecon.kinematics.fit import fit
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.contact import Contact
from motionrecon.physics.windows.course import simulate_clip
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Status
from motionrecon.physics.windows.window import Windows, WindowSettings
from motionrecon.pipeline import reconstruct
from motionrecon.render.overlay import render_still
from motionrecon.result.frames import frames_of
from motionrecon.result.motion import Motion
from motionrecon.result.quality import quality
from motionrecon.views import Figure

FRAMES = 13
#: Radians about the left's axes that bend a leg, foot flat, when all hinges are turned by so many of them.
BENDS = {
    Stick: {"hip_y": -1.0, "knee_y": 2.0, "ankle_y": -1.0},
    Capsules: {"hip_flexion": 1.0, "knee_flexion": 2.0, "ankle_flexion": 1.0},
}


def dipping(body: Body, ground: Ground, left: float = 0.0) -> np.ndarray:
    """Somebody (T, nq) who dips a little, the soles flat on the ground, the left one so much higher (metres)."""
    qpos = np.tile(body.rest_qpos, (FRAMES, 1))
    joints = [INDEX[f"left_{joint}"] for joint in ("hip", "knee", "ankle")]
    standing = pose(body.model, qpos[:1]).at(body.landmarks)[0]
    leg = np.linalg.norm(np.diff(standing[joints], axis=0), axis=1).sum()
    dip = 0.02 + 0.04 * np.sin(np.linspace(0, np.pi, FRAMES)) ** 2
    for side, less in (("left", left), ("right", 0.0)):
        for hinge, factor in BENDS[type(body)].items():
            qpos[:, body.model.joint(f"{side}_{hinge}").qposadr[0]] = factor * np.arccos(1 - (dip + less) / leg)
    at = pose(body.model, qpos)
    ankle = at.at(body.landmarks)[:, INDEX["right_ankle"]]
    qpos[:, 0] -= ankle[:, 0]
    over = ground.gap(pose(body.model, qpos).at(body.soles))[0] - body.soles.radii
    qpos[:, 2] -= over.min(1)
    return qpos


def joints_of(figure: Figure) -> np.ndarray:
    return pose(figure.body.model, figure.qpos).at(figure.body.landmarks)


def simulated(figure: Figure) -> tuple[list[Status], np.ndarray]:
    """What became of the windows, and the vertical forces (T, P) of the soles, in body weights."""
    settings = WindowSettings(0.4, 0.2, "lm", evaluations=3)
    stretch = simulate_clip(Windows(Engine.of(figure.body), figure, settings))
    force = frames_of(figure, stretch).contact_force[..., 2]
    return [window.status for window in stretch.windows], force / (9.81 * figure.body.mass)


@pytest.fixture(scope="module")
def stick() -> tuple[Figure, np.ndarray]:
    """What is found of somebody made of sticks, with longer legs than was thought, and where the joints truly are."""
    person = Stick(leg=0.48, arm=0.27)
    seen = people.see(person, dipping(person, Plane()), people.camera(), noise=2.0)
    return fit((seen.view,), Stick(), Plane()), seen.joints


def test_another_body_is_fitted(stick):
    figure, joints = stick
    assert isinstance(figure.body, Stick)
    assert np.linalg.norm(joints_of(figure) - joints, axis=-1).mean() < 0.05
    assert 0.455 < figure.body.leg < 0.50 and 0.26 < figure.body.arm < 0.28


def test_another_body_is_simulated(stick):
    statuses, weights = simulated(stick[0])
    assert set(statuses) == {Status.OK}
    assert weights.shape == (FRAMES, 6) and 0.8 < weights.sum(1).mean() < 1.2


def test_another_body_is_read_from_a_folder_of_results(stick, monkeypatch):
    body = stick[0].body
    with pytest.raises(ValueError, match="stick"):
        read(body.mjcf)
    monkeypatch.setitem(BODIES, "stick", "stick")
    found = read(body.mjcf)
    assert isinstance(found, ModelAlone) and found.soles.names == body.soles.names
    root, turns = found.skeleton.turns(stick[0].qpos)
    np.testing.assert_allclose(root, stick[0].qpos[:, :3])
    assert turns.shape == (FRAMES, 11, 3, 3) and len(found.skin.names) == 11 + 6


def test_another_body_on_another_ground_goes_the_whole_road(tmp_path, monkeypatch):
    """As if an option had asked for them: their files are written, and read again, by what knows neither."""
    monkeypatch.setitem(BODIES, "stick", "stick")
    monkeypatch.setattr(stage, "build", lambda height, *_: Stick(height=height))
    monkeypatch.setattr(stage, "Plane", Step)
    view = people.see(Stick(), dipping(Stick(), Step(), 0.15), people.camera()).view
    keypoints = Keypoints(view.pixels, np.ones((FRAMES, 33)), view.points_3d, view.seen, 30.0, people.SIZE, ())
    save(keypoints, tmp_path / "seen.npz")
    made = reconstruct(keypoints=tmp_path / "seen.npz", physics=False, output=tmp_path / "out")
    motion = Motion.load(tmp_path / "out")
    assert isinstance(motion.body, ModelAlone) and motion.model.geom("step").size[2] == pytest.approx(0.075)
    np.testing.assert_array_equal(motion.qpos, made.qpos)
    bones = re.findall(r"(?:ROOT|JOINT) (\w+)", (tmp_path / "out" / "motion.bvh").read_text())
    assert bones == [motion.model.body(b).name for b in range(1, 12)], "a bone for each stick"
    assert (tmp_path / "out" / "overlay.mp4").exists() and made.report.person.lengths.keys() == {"leg", "arm"}


@pytest.fixture(scope="module")
def on_the_step() -> people.Seen:
    """Somebody who stands with the left foot on the step and the right one on the floor beside it."""
    person = people.person()
    return people.see(person, dipping(person, Step(), 0.15), people.camera(), noise=2.0)


@pytest.fixture(scope="module")
def found_on_the_step(on_the_step) -> Figure:
    return fit((on_the_step.view,), Capsules.build(1.75), Step())


def test_another_ground_is_where_feet_stand(on_the_step, found_on_the_step):
    true = replace(on_the_step.true, ground=Step())
    assert np.abs(true.over).max() < 0.005, "both feet stand"
    figure = found_on_the_step
    found = Trajectory(figure.body, figure.qpos, figure.ground)
    assert np.abs(found.over).mean() < 0.01
    assert np.abs(found.soles[:, :4, 2] - 0.15).mean() < 0.02 and np.abs(found.soles[:, 4:, 2]).mean() < 0.02
    assert figure.body.model.geom("step").size[2] == pytest.approx(0.075)


def test_another_ground_bears_load(found_on_the_step):
    statuses, weights = simulated(found_on_the_step)
    assert set(statuses) == {Status.OK}
    assert weights[:, :4].sum(1).mean() > 0.1 and weights[:, 4:].sum(1).mean() > 0.1
    assert 0.8 < weights.sum(1).mean() < 1.2


def test_another_ground_is_drawn_and_judged(on_the_step):
    ((vertices, _),) = ground_meshes(Capsules.build(1.75, ground=Step()).model)
    assert vertices[:, 2].max() == pytest.approx(0.15) and vertices[:, 1].min() == pytest.approx(0.0)
    seen = on_the_step
    good, bad = (quality(seen.joints, seen.true.marks, (seen.view,), 1.75, ground) for ground in (Step(), Plane(0.3)))
    assert good.penetration_mm < 1 < bad.penetration_mm


def test_the_side_view_shows_what_stands_out_of_the_floor():
    motion = motions.walking()
    stepped = replace(motion, model_xml=motions.body().on(Step(), motion.timestep).mjcf)
    flat, step = (render_still(each, 10).astype(int).copy() for each in (motion, stepped))
    changed = np.abs(flat - step).max(-1) > 5
    assert not changed[:, :640].any(), "the video's half"
    assert changed[:, 640:].mean() > 0.05
    assert not changed[170:235, 815:850].any(), "the person, who stands before it"


def test_the_height_of_another_ground_is_found(on_the_step):
    """By a camera without a calibration, which the fit puts into a world whose floor is where the ground has it."""
    level = people.camera((3.0, -1.5, 0.9))
    seen = people.see(on_the_step.body, on_the_step.qpos, level, noise=1.0)
    lost = replace(level.in_world(np.eye(3), np.array([0.0, 0.0, -0.9])), calibrated=False)
    figure = fit((replace(seen.view, camera=lost),), Capsules.build(1.75), Step())
    assert figure.ground == Step()
    assert np.abs(Trajectory(figure.body, figure.qpos, figure.ground).over).mean() < 0.02
    assert 0.7 < figure.views[0].camera.eye[0, 2] < 1.1


def test_derivatives_hold_on_another_ground(on_the_step):
    x = replace(on_the_step.true, ground=Step(0.01), qpos=on_the_step.qpos[:4])
    term, step = Contact(30.0, np.full((4, 8), 0.7)), np.random.default_rng(0).standard_normal((4, x.body.model.nv))
    h = 1e-7
    ahead, behind = (term(x.moved(s * h * step, {})).residual for s in (1, -1))
    block = term(x)
    found = sum(np.einsum("nmv,nv->nm", j, step[i : i + 3]) for i, j in enumerate(block.jacobians))
    np.testing.assert_allclose(found, (ahead - behind) / (2 * h), atol=1e-3 * np.abs(found).max())


@pytest.fixture(scope="module")
def tracked_by() -> Dolly:
    """A camera carried past the person over two metres, always looking at the middle."""
    eyes = np.linspace([3.0, -2.5, 1.2], [3.2, -0.5, 1.4], 30)
    axes = np.concatenate([people.camera(tuple(eye)).axes for eye in eyes])
    return Dolly(people.camera(), axes, eyes)


def test_a_moving_camera_sees_as_a_still_one_does_where_it_is(tracked_by):
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (30, 6, 3)) + np.array([0.0, 0.0, 0.9])
    for t in (0, 12, 29):
        still = people.camera(tuple(tracked_by.eye[t]))
        np.testing.assert_allclose(tracked_by.project(points)[t], still.project(points[t]), atol=1e-9)
    seen, h = tracked_by.across(points), 1e-6
    for axis in range(3):
        step = h * np.eye(3)[axis]
        slope = (tracked_by.across(points + step).image - tracked_by.across(points - step).image) / (2 * h)
        np.testing.assert_allclose(seen.by_point[..., axis], slope, atol=1e-7)


@pytest.mark.parametrize("guess", [True, False], ids=["3D guess", "no 3D guess"])
def test_a_moving_camera_is_fitted(tracked_by, guess):
    person = people.person()
    seen = people.see(person, people.stepping(person, 30), tracked_by, noise=2.0, depth_noise=0.03)
    view = seen.view if guess else replace(seen.view, points_3d=np.full_like(seen.points_3d, np.nan))
    figure = fit((view,), Capsules.build(1.75), Plane())
    off = np.linalg.norm(joints_of(figure) - seen.joints, axis=-1).mean()
    assert off < (0.08 if guess else 0.12)
    assert isinstance(figure.views[0].camera, Dolly)
    if guess:
        fooled = fit((replace(view, camera=people.camera((3.1, -1.5, 1.3))),), Capsules.build(1.75), Plane())
        assert np.linalg.norm(joints_of(fooled) - seen.joints, axis=-1).mean() > 2 * off


def test_a_camera_that_no_file_holds_is_refused_before_the_work(tracked_by, monkeypatch):
    monkeypatch.setattr("motionrecon.source.load_camera", lambda *_: tracked_by)
    monkeypatch.setattr("motionrecon.observe.stage.observe", lambda *_: pytest.fail("it began to work"))
    clip = demo_clip()
    with pytest.raises(InputError, match="Dolly"):
        reconstruct(clip.video, camera=clip.camera, height=1.7)


def test_a_second_camera_is_another_view(tracked_by):
    """What one camera sees poorly, depth, the other sees from the side."""
    person = people.person()
    qpos = people.stepping(person, 30)
    cameras = (people.camera(), people.camera((-2.4, -3.2, 1.0)))
    front, side = (people.see(person, qpos, camera, noise=2.0, depth_noise=0.1) for camera in cameras)
    alone, both = (fit(views, Capsules.build(1.75), Plane()) for views in ((front.view,), (front.view, side.view)))
    off = [np.linalg.norm(joints_of(figure) - front.joints, axis=-1).mean() for figure in (alone, both)]
    assert off[1] < 0.02 < off[0]
    assert len(both.views) == 2
