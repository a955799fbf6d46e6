"""The parts of the demo's recipe that need neither Anny nor a renderer, on a person made of boxes."""

import json
from pathlib import Path

import numpy as np
import pytest
from mannequins import of_boxes

from motionrecon.core import landmarks
from motionrecon.core.blas import one_thread
from motionrecon.data import deepmimic, simulate
from motionrecon.data.make_clip import Performance
from motionrecon.data.mannequin import INDEX, SEGMENTS, Mannequin, parent
from motionrecon.data.scene import look_at
from motionrecon.errors import InputError


@pytest.fixture(scope="module")
def person() -> Mannequin:
    return of_boxes()


def standing(frames: int) -> deepmimic.MannequinMotion:
    root = np.tile([0.0, 0.0, 0.95], (frames, 1))
    return deepmimic.MannequinMotion(30, root, np.tile(np.eye(3), (frames, len(SEGMENTS), 1, 1)), hip_height=0.95)


def test_a_standing_person_weighs_on_both_feet(person: Mannequin) -> None:
    with one_thread():
        performance = simulate.track(person, standing(36), skip=0.6, evaluations=3)
    assert len(performance.positions) > 10
    force = performance.contact_force[..., 2]
    weight = performance.mass * 9.81
    assert performance.mass > person.mass  # the clothes
    np.testing.assert_allclose(force.sum(1).mean(), weight, rtol=0.03)
    np.testing.assert_allclose(force.mean(0), weight / 2, rtol=0.1)
    at = performance.positions[:, INDEX["head"]]
    np.testing.assert_allclose(at, np.tile([0.0, 0.0, 1.5], (len(at), 1)), atol=0.03)


def test_joint_centres_of_the_mannequin_and_the_simulated_body_agree(person: Mannequin) -> None:
    import mujoco

    model = simulate.build_model(person)
    data = mujoco.MjData(model)
    random = np.random.default_rng(1)
    data.qpos[:] = simulate.target_qpos(person, model, standing(1))[0]
    data.qpos[7:] = random.uniform(-0.4, 0.4, model.nq - 7)
    mujoco.mj_kinematics(model, data)
    bodies = [model.body(name).id for name in SEGMENTS]
    positions, rotations = data.xpos[bodies], data.xmat[bodies].reshape(-1, 3, 3)
    np.testing.assert_allclose(person.forward(positions[:1], rotations[None])[0], positions, atol=1e-9)
    marks = person.landmarks(positions[None], rotations[None])[0]
    for name in landmarks.BODY:
        np.testing.assert_allclose(data.site(name).xpos, marks[landmarks.INDEX[name]], atol=1e-9)
    moved = person.skin(positions, rotations)[person.weights.argmax(1) == INDEX["left_hand"]]
    hand = positions[INDEX["left_hand"]] + person.local_vertices("left_hand") @ rotations[INDEX["left_hand"]].T
    np.testing.assert_allclose(moved, hand, atol=1e-9)


def clip_file(folder: Path) -> Path:
    """Two steps forward of 1 m/s over 0.5 s, DeepMimic's axes, the left knee bent by 1 rad and the elbow by 0.5."""
    frames = np.zeros((6, 44))
    frames[:, 0] = 0.1
    frames[:, 1], frames[:, 2] = np.linspace(0, 0.5, 6), 0.9
    frames[:, [4, 8, 12, 16, 21, 25, 30, 35, 39]] = 1.0
    frames[:, 34], frames[:, 43] = -1.0, 0.5
    path = folder / "clip.txt"
    path.write_text(json.dumps({"Frames": frames.tolist()}))
    return path


def test_reading_turns_axes_bends_joints_the_right_way_and_carries_travel_on(person: Mannequin, tmp_path: Path) -> None:
    clip = deepmimic.read(clip_file(tmp_path), fps=20, cycles=2)
    np.testing.assert_allclose(clip.root[:, 2], 0.9)
    np.testing.assert_allclose(clip.root[:, 0], np.linspace(0, 1, 21), atol=1e-9)
    at = person.forward(clip.root, deepmimic.world_rotations(clip.local))[0]
    assert at[INDEX["left_foot"], 0] < at[INDEX["left_shank"], 0] - 0.3  # the heel goes back
    assert at[INDEX["left_hand"], 0] > at[INDEX["left_forearm"], 0] + 0.1  # the hand goes forward
    assert at[INDEX["left_foot"], 1] > 0 > at[INDEX["right_foot"], 1]


def test_an_altered_motion_is_refused(tmp_path: Path) -> None:
    clip_file(tmp_path).rename(tmp_path / "humanoid3d_walk.txt")
    with pytest.raises(InputError, match=r"humanoid3d_walk.txt has sha256"):
        deepmimic.fetch("walk", tmp_path)
    with pytest.raises(InputError, match=r"'hop'.*walk"):
        deepmimic.fetch("hop", tmp_path)


def test_the_camera_looks_at_its_target_level() -> None:
    camera = look_at(np.array([3.0, 2.0, 1.5]), np.array([0.0, 0.0, 1.0]), (640, 480), 500.0)
    np.testing.assert_allclose(camera.project(np.array([0.0, 0.0, 1.0])), [320, 240])
    up = camera.project(np.array([[0.0, 0.0, 0.9], [0.0, 0.0, 1.1]]))
    np.testing.assert_allclose(up[0, 0], up[1, 0])
    assert up[1, 1] < up[0, 1]
    assert camera.project(np.array([0.0, 1.0, 1.0]))[0] > 320  # seen from the front left, +y is to the right


def test_segments_hang_together() -> None:
    assert [parent(s) for s in ("pelvis", "torso", "left_thigh", "right_hand")] == [
        None,
        "pelvis",
        "pelvis",
        "right_forearm",
    ]
    assert all(INDEX[parent(s) or "pelvis"] < INDEX[s] for s in SEGMENTS[1:])


def test_a_performance_without_forces_says_so(person: Mannequin) -> None:
    clip = standing(5)
    performance = Performance.kinematic(person, 30, clip.root, deepmimic.world_rotations(clip.local)).first(3)
    assert performance.positions.shape == (3, len(SEGMENTS), 3)
    assert np.isnan(performance.contact_force).all()
