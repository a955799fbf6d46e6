"""Hands: angles from points and back, whose a look is, what is left of doubtful ones, and where fingers are shown."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from blendering import in_blender, to_blender
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from motions import camera, kinematic, walking
from scipy.spatial.transform import Rotation

from motionrecon.body.fingers import ANGLES, AT_EASE, LIMITS, angles_of, hand_of
from motionrecon.body.handed import BONES, Handed, Hands
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core import landmarks
from motionrecon.data.clips import demo_clip
from motionrecon.errors import InputError
from motionrecon.export import export
from motionrecon.export.columns import columns
from motionrecon.export.take import take
from motionrecon.hands.course import course
from motionrecon.hands.looks import MARKED, able, looks_of, read
from motionrecon.hands.stage import track_hands
from motionrecon.keypoints import file, models
from motionrecon.keypoints.detection import Detection, SeenHands
from motionrecon.keypoints.hands import HandDetector, around_wrist
from motionrecon.keypoints.pass_detections import PassDetections
from motionrecon.keypoints.types import HandKeypoints, Keypoints
from motionrecon.mechanics.summary import mechanics
from motionrecon.result.motion import Motion
from motionrecon.video import frames
from motionrecon.views import View

MODEL = walking(2).model
LEFT = hand_of(MODEL, "left")
WRISTS = [landmarks.INDEX["left_wrist"], landmarks.INDEX["right_wrist"]]
MIRROR = np.array([1.0, -1.0, 1.0])

angles = arrays(np.float64, 20, elements=st.floats(0, 1)).map(
    lambda share: LIMITS[:, 0] + share * np.ptp(LIMITS, axis=1)
)
rotations = st.integers(0, 2**32 - 1).map(lambda seed: Rotation.random(rng=np.random.default_rng(seed)).as_matrix())


def points_of(bent: np.ndarray, turned: np.ndarray, size: float = 1.0, right: bool = False) -> np.ndarray:
    """MediaPipe's 21 points of a hand, about anywhere."""
    joints = LEFT.at(bent[None])[0].reshape(20, 3) * (MIRROR if right else 1.0)
    return size * np.vstack([np.zeros(3), joints]) @ turned.T + [0.3, -0.2, 0.1]


def hands_like(count: int, seen: bool = True) -> Hands:
    """Hands that close, the left one turned by 40 degrees at the wrist."""
    share = np.linspace(0, 1, count)[:, None, None]
    turns = np.tile([1.0, 0.0, 0.0, 0.0], (count, 2, 1))
    turns[:, 0] = Rotation.from_euler("X", 40, degrees=True).as_quat(scalar_first=True)
    return Hands(np.tile(AT_EASE, (count, 2, 1)) * (0.5 + share), turns, np.full((count, 2), seen))


@pytest.fixture
def moving() -> Motion:
    motion = walking(12)
    return replace(motion, hands=hands_like(len(motion)))


@settings(max_examples=60, deadline=None)
@given(angles)
def test_angles_make_joints_and_joints_angles(bent):
    np.testing.assert_allclose(angles_of(LEFT.at(bent[None]))[0], bent, atol=1e-9)
    lengths = np.linalg.norm(np.diff(LEFT.at(bent[None])[0], axis=1), axis=-1)
    np.testing.assert_allclose(lengths, np.linalg.norm(np.diff(LEFT.joints, axis=1), axis=-1), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(angles, rotations, st.floats(0.4, 2.0), st.booleans())
def test_a_hand_is_read_however_it_is_turned_and_whatever_its_size(bent, turned, size, right):
    found, again = read(points_of(bent, turned, size, right)[None], LEFT, right)
    np.testing.assert_allclose(found[0], turned, atol=1e-6)
    np.testing.assert_allclose(again[0], bent, atol=1e-5)


def test_flexion_bends_towards_the_palm_and_every_finger_by_itself():
    straight = LEFT.at(np.zeros((1, 20)))[0]
    np.testing.assert_allclose(np.diff(straight[1:], axis=1)[..., [0, 2]], 0, atol=3e-3)  # along the forearm
    for i, name in enumerate(ANGLES):
        bent = np.zeros((1, 20))
        bent[0, i] = 0.5
        moved = LEFT.at(bent)[0] - straight
        finger = i // 4
        assert np.abs(np.delete(moved, finger, axis=0)).max() == 0
        if finger and "flexion" in name:
            assert moved[finger, -1, 2] < -1e-3 and abs(moved[finger, -1, 0]) < 1e-12
        if "abduction" in name:
            assert moved[finger, -1, 0] > 1e-3


def test_poses_have_fingers_on_turned_wrists(moving):
    at = pose(moving.model, moving.qpos)
    shown = moving.shown(at)
    n, model = moving.model.nbody, moving.model
    assert moving.surface_bodies[n:] == BONES and shown.origins.shape[1] == n + 30
    others = [i for i in range(n) if model.body(i).name not in ("left_hand", "right_hand")]
    np.testing.assert_array_equal(shown.rotations[:, others], at.rotations[:, others])
    np.testing.assert_array_equal(shown.origins[:, :n], at.origins)
    wrist = model.body("left_hand").id
    between = Rotation.from_matrix(at.rotations[:, wrist].transpose(0, 2, 1) @ shown.rotations[:, wrist])
    np.testing.assert_allclose(between.as_euler("XYZ", degrees=True), np.tile([40, 0, 0], (12, 1)), atol=1e-9)
    right = model.body("right_hand").id
    local = (shown.origins[:, n + 15 :] - at.origins[:, [right]]) @ at.rotations[:, right]
    wanted = LEFT.at(moving.hands.angles[:, 1])[:, :, :3].reshape(12, 15, 3) * MIRROR
    np.testing.assert_allclose(local, wanted, atol=1e-9)


def test_the_simulated_motion_is_not_touched(moving):
    bare = replace(moving, hands=None)
    assert bare.surface is bare.body.surface and bare.shown(at := pose(bare.model, bare.qpos)) is at
    assert bare.surface_bodies == moving.surface_bodies[: moving.model.nbody]
    np.testing.assert_array_equal(bare.joints, moving.joints)


def test_the_surface_is_closed_and_in_the_zero_pose_where_it_stands(moving):
    surface = moving.surface
    _, same = np.unique(surface.vertices.round(7), axis=0, return_inverse=True)
    edges = same.ravel()[surface.faces][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges = edges[edges[:, 0] != edges[:, 1]]  # the tips of round pieces
    assert {tuple(edge) for edge in edges} == {tuple(edge[::-1]) for edge in edges}
    np.testing.assert_allclose(surface.weights.sum(1), 1)
    qpos = np.zeros((1, moving.model.nq))
    qpos[0, 3] = 1
    none = np.array([[[1.0, 0, 0, 0]] * 2])
    still = Hands(np.tile(angles_of(LEFT.joints[None]), (1, 2, 1)), none, np.ones((1, 2), bool))
    at = moving.handed.pose(pose(moving.model, qpos), still)
    np.testing.assert_allclose(surface.at(at)[0], surface.vertices, atol=1e-9)


def test_looks_are_weighed_by_neighbours_and_gaps_are_at_ease():
    fps, count = 30.0, 120
    frame = np.arange(0.0, 60.0, 2)
    bent = np.tile(AT_EASE + 0.3, (len(frame), 1))
    turns = np.tile(Rotation.from_euler("X", 30, degrees=True).as_matrix(), (len(frame), 1, 1))
    odd = 12
    bent[odd] += 1.0
    turns[odd] = Rotation.from_euler("Y", 150, degrees=True).as_matrix()
    found = course(frame, turns, bent, np.ones(len(frame)), count, fps)
    np.testing.assert_allclose(found.angles[5:55], np.tile(AT_EASE + 0.3, (50, 1)), atol=0.01)
    assert np.degrees(Rotation.from_matrix(turns[0].T @ found.turns[5:55]).magnitude()).max() < 1
    assert found.seen[:55].all() and not found.seen[70:].any()
    np.testing.assert_allclose(found.angles[75:], np.tile(AT_EASE, (45, 1)), atol=1e-6)
    assert np.abs(np.diff(found.angles, axis=0)).max() < 0.06  # no jump into the gap


def test_smoothing_does_not_lag():
    frame = np.arange(0.0, 90.0, 2)
    bent = AT_EASE + 0.3 * np.sin(2 * np.pi * frame / 60)[:, None] * np.ones(20)
    found = course(frame, np.tile(np.eye(3), (45, 1, 1)), bent, np.ones(45), 90, 30.0)
    wave = found.angles[:, 0] - AT_EASE[0]
    assert abs(int(np.argmax(wave[:40])) - 15) <= 1 and wave[:40].max() == pytest.approx(0.3, abs=0.03)


def test_memory_grows_with_a_clips_length_and_not_with_its_square():
    count, fps = 18_000, 60.0  # five minutes
    frame = np.arange(0.0, count, 4.0)
    turns = np.tile(np.eye(3), (len(frame), 1, 1))
    tracemalloc.start()
    try:
        found = course(frame, turns, np.ones((len(frame), 20)), np.ones(len(frame)), count, fps)
        times = np.arange(count) / fps
        still = np.tile([1.0, 0.0, 0.0, 0.0], (count, 2, 1))
        Hands(np.zeros((count, 2, 20)), still, np.ones((count, 2), bool)).resampled(times, times[:-1] + 0.5 / fps)
        assert tracemalloc.get_traced_memory()[1] < 150e6
    finally:
        tracemalloc.stop()
    assert found.seen.all() and np.abs(found.angles[:-60] - 1.0).max() < 1e-6


def test_a_single_look_does_not_make_a_hand_flicker():
    one = course(np.array([20.0]), np.eye(3)[None], AT_EASE[None] + 0.5, np.array([0.9]), 40, 30.0)
    none = course(np.zeros(0), np.zeros((0, 3, 3)), np.zeros((0, 20)), np.zeros(0), 40, 30.0)
    assert np.abs(one.angles - AT_EASE).max() < 0.45 and not none.seen.any()
    np.testing.assert_array_equal(none.angles, np.tile(AT_EASE, (40, 1)))


def test_what_no_wrist_can_do_is_not_believed():
    turns = Rotation.from_euler("YXZ", [[0, 0, 0], [100, 0, 0], [0, 85, 0], [0, 0, 120], [180, 0, 0]], degrees=True)
    forearm = np.tile(Rotation.random(rng=np.random.default_rng(0)).as_matrix(), (5, 1, 1))
    found, believed = able(forearm @ turns.as_matrix(), forearm)
    np.testing.assert_allclose(believed, [1, 5 / 6, 5 / 6, 0, 0], atol=1e-6)
    within = Rotation.from_matrix(forearm.transpose(0, 2, 1) @ found).as_euler("YXZ", degrees=True)
    np.testing.assert_allclose(within[:4], [[0, 0, 0], [95, 0, 0], [0, 80, 0], [0, 0, 35]], atol=1e-6)


def seen_by(motion: Motion, bent: np.ndarray, sides: tuple[int, int] = (0, 1)) -> HandKeypoints:
    """Both hands as a perfect detector sees them, whose rows are of these sides' crops."""
    count, view = len(motion), motion.camera
    at = pose(motion.model, motion.qpos)
    pixels, points = np.zeros((count, 2, 21, 2)), np.zeros((count, 2, 21, 3))
    for row, side in enumerate(sides):
        body = motion.model.body(("left_hand", "right_hand")[side]).id
        for t in range(count):
            world = (
                points_of(bent - MARKED, at.rotations[t, body], right=bool(side))
                - [0.3, -0.2, 0.1]
                + at.origins[t, body]
            )
            pixels[t, row] = view.project_through_lens(world[None])[0]
            ray = view.to_camera(at.origins[None, t, [body]])[0, 0]
            turn = Rotation.align_vectors(ray[None], [[0, 0, 1]])[0].as_matrix()
            points[t, row] = view.to_camera(world[None])[0] @ turn
    return HandKeypoints(pixels, points, np.full((count, 2), 0.9))


@pytest.mark.parametrize("sides", [(0, 1), (1, 0)], ids=["as looked for", "at each other's wrists"])
def test_looks_belong_to_the_nearest_wrist_and_give_its_angles(sides):
    motion = replace(walking(8), camera=camera(1280, 960))
    bent = AT_EASE + 0.1
    wrists = pose(motion.model, motion.qpos).at(motion.body.landmarks)[:, WRISTS]
    at = np.arange(len(motion), dtype=float)
    found = looks_of(seen_by(motion, bent, sides), at, motion.camera, wrists, (LEFT, LEFT))
    assert sorted(found.side) == [0] * 8 + [1] * 8 and (found.weight > 0.3).all()
    np.testing.assert_allclose(found.angles, np.tile(bent, (16, 1)), atol=0.02)
    far = looks_of(seen_by(motion, bent, sides), at, motion.camera, wrists + np.array([0.4, 0.0, 0.0]), (LEFT, LEFT))
    assert len(far.frame) == 0


@pytest.mark.filterwarnings("error")
def test_points_in_a_line_or_in_one_place_tell_no_turn():
    motion = replace(walking(8), camera=camera(1280, 960))
    wrists = pose(motion.model, motion.qpos).at(motion.body.landmarks)[:, WRISTS]
    seen, at = seen_by(motion, AT_EASE), np.arange(len(motion), dtype=float)
    for along in (0.0, 0.01):
        line = np.arange(21)[:, None] * np.full(3, along) + np.zeros_like(seen.points_3d)
        found = looks_of(replace(seen, points_3d=line), at, motion.camera, wrists, (LEFT, LEFT))
        assert len(found.frame) == 16 and not found.weight.any()


def test_tracked_hands_follow_what_was_seen_and_no_looks_are_no_hands():
    motion = replace(walking(20), camera=camera(1280, 960))
    nothing = np.full((20, 33, 2), np.nan)
    keypoints = Keypoints(
        nothing, np.zeros((20, 33)), np.full((20, 33, 3), np.nan), np.ones(20, bool), 30.0, (1280, 960)
    )
    view = View.of(keypoints, motion.camera, motion.clock)
    seen, at = seen_by(motion, AT_EASE + 0.1), np.arange(20.0)
    found = track_hands([seen], [at], [view], motion.body, motion.qpos)
    assert found is not None and found.seen.all()
    np.testing.assert_allclose(found.angles, np.tile(AT_EASE + 0.1, (20, 2, 1)), atol=0.03)
    assert np.degrees(2 * np.arccos(np.abs(found.turns[..., 0]).clip(0, 1))).max() < 3
    assert track_hands([None], [at], [view], motion.body, motion.qpos) is None
    unsure = replace(seen, confidence=np.zeros((20, 2)))
    assert track_hands([unsure], [at], [view], motion.body, motion.qpos) is None


def test_hands_are_kept_with_the_motion(moving, tmp_path):
    moving.save(tmp_path)
    with np.load(tmp_path / "motion.npz") as saved:
        assert tuple(saved["hand_angle_names"]) == ANGLES and saved["hand_angle"].shape == (12, 2, 20)
    again = Motion.load(tmp_path)
    np.testing.assert_array_equal(again.hands.angles, moving.hands.angles)
    np.testing.assert_array_equal(again.hands.turns, moving.hands.turns)
    np.testing.assert_array_equal(again.hands.seen, moving.hands.seen)
    replace(moving, hands=None).save(tmp_path, force=True)
    assert Motion.load(tmp_path).hands is None


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("hand_angle", np.zeros((12, 2, 19)), "shape"),
        ("hand_angle", np.full((12, 2, 20), np.nan), "holds nan"),
        ("hand_angle", np.full((12, 2, 20), 1e300), "more than half a turn"),
        ("hand_turn", np.zeros((12, 2, 4)), "unit quaternion"),
        ("hand_turn", np.full((12, 2, 4), 1e300), "unit quaternion"),
        ("hand_seen", np.ones((3, 2), bool), "shape"),
        ("hand_angle_names", np.array(["a"] * 20), "names"),
    ],
)
def test_damaged_hands_are_refused_by_name(moving, tmp_path, key, value, words):
    moving.save(tmp_path)
    with np.load(tmp_path / "motion.npz") as saved:
        arrays = dict(saved) | {key: value}
    np.savez(tmp_path / "motion.npz", **arrays)
    with pytest.raises(InputError, match=words):
        Motion.load(tmp_path)


def test_a_keypoint_file_may_have_hands(tmp_path):
    motion = walking(8)
    pixels = np.full((8, 33, 2), 50.0)
    keypoints = file.keypoints_of(pixels, np.ones((8, 33)), np.full((8, 33, 3), np.nan), 30.0, (320, 240))
    hands = seen_by(motion, AT_EASE)
    hands.confidence[3, 0] = 0.0
    file.save(replace(keypoints, hands=hands), path := tmp_path / "k.npz")
    again = file.load(path).hands
    assert np.isnan(again.pixels[3, 0]).all() and again.confidence[3, 1] == 0.9
    np.testing.assert_array_equal(again.points_3d[4:], hands.points_3d[4:])
    short = HandKeypoints(hands.pixels[:5], hands.points_3d[:5], hands.confidence[:5])
    file.save(replace(keypoints, hands=short), path)
    with pytest.raises(InputError, match="5 frames"):
        file.load(path)


def test_skeletons_that_are_exported_have_fingers(moving):
    taken = take(moving, origin="world")
    index = {name: i for i, name in enumerate(taken.names)}
    assert len(taken.names) == len(moving.body.skeleton.names) + 30
    for i, parent in enumerate(taken.parents):
        assert parent < i
    assert taken.names[taken.parents[index["RightHandPinky1"]]] == "RightHand"
    heads = np.zeros((12, len(taken.names), 3))  # forward kinematics of what is exported
    for i, parent in enumerate(taken.parents):
        away = taken.heads[i] - taken.heads[parent]
        heads[:, i] = taken.root if parent < 0 else heads[:, parent] + taken.turned[:, parent] @ away
    shown = moving.shown(pose(moving.model, moving.qpos))
    for i, bone in enumerate(BONES):
        side, finger, number = bone.split("_")
        name = f"{side.capitalize()}Hand{finger.capitalize()}{number}"
        np.testing.assert_allclose(heads[:, index[name]], shown.origins[:, moving.model.nbody + i], atol=1e-9)


@pytest.mark.parametrize(
    ("preset", "name"),
    [("mixamo", "mixamorig:LeftHandIndex1"), ("unreal", "index_01_l"), ("unity", "LeftIndexProximal")],
)
def test_presets_name_fingers_as_their_programs_do(moving, tmp_path, preset, name):
    export(moving, tmp_path / "x.bvh", preset=preset)
    assert f" {name}\n" in (tmp_path / "x.bvh").read_text()
    export(replace(moving, hands=None), tmp_path / "y.bvh", preset=preset)
    assert name not in (tmp_path / "y.bvh").read_text()


def test_amass_files_have_the_fingers_poses(moving, tmp_path):
    export(moving, tmp_path / "x.npz", layout="smplx")
    with np.load(tmp_path / "x.npz") as saved:
        assert np.abs(saved["pose_hand"][-1].reshape(30, 3)).max(1).min() > 0.02


def test_fingers_are_where_they_are_in_blender_too(moving, tmp_path):
    export(moving, tmp_path / "walk.bvh", origin="world")
    in_blender("blender_read_bvh.py", tmp_path / "walk.bvh", tmp_path / "bones.npz")
    with np.load(tmp_path / "bones.npz") as found:
        names, heads = list(found["names"]), found["heads"]
    shown = moving.shown(pose(moving.model, moving.qpos)).origins[:, moving.model.nbody :]
    for bone, name in (("left_index_3", "LeftHandIndex3"), ("right_thumb_2", "RightHandThumb2")):
        away = heads[:, names.index(name)] - to_blender(shown[:, BONES.index(bone)])
        assert np.linalg.norm(away, axis=-1).max() < 1e-3


def test_other_rates_have_the_hands_at_their_times(moving):
    twice = take(moving, fps=60.0, origin="world")
    once = take(moving, origin="world")
    np.testing.assert_allclose(twice.turned[::2], once.turned, atol=1e-6)


def test_a_body_without_hands_shows_none(tmp_path: Path):
    motion = kinematic(walking(3).qpos)
    xml = motion.model_xml.replace('"left_hand"', '"left_paw"')
    other = replace(motion, model_xml=xml, hands=hands_like(3))
    assert other.handed is None and other.surface_bodies[-1] != BONES[-1]


def test_names_of_angles_are_those_of_both_ends():
    assert len(ANGLES) == len(set(ANGLES)) == 20 and ANGLES[0] == "thumb_cmc_flexion"
    assert ((LIMITS[:, 0] < AT_EASE) & (LIMITS[:, 1] > AT_EASE)).all()
    assert isinstance(Handed(walking(2).body).surface.rest_origins, np.ndarray)


def test_both_hands_stand_in_the_table_of_columns(moving):
    table = {column.name: column for column in columns(moving, mechanics(moving))}
    bent = table["right_index_pip_flexion_deg"]
    np.testing.assert_allclose(bent.values, np.degrees(moving.hands.angles[:, 1, ANGLES.index("index_pip_flexion")]))
    assert "tracked, not simulated" in bent.what and table["left_hand_seen"].values.all()
    turned = Rotation.from_quat(moving.hands.turns[:, 0], scalar_first=True).magnitude()
    np.testing.assert_allclose(table["left_hand_turn_deg"].values, np.degrees(turned), atol=1e-6)
    bare = replace(moving, hands=None)
    assert not any("pip" in column.name for column in columns(bare, mechanics(bare)))


def person_at(wrist: tuple[float, float], trunk: float = 200.0, sure: float = 0.9) -> Detection:
    """Somebody upright whose left hand hangs down from this wrist."""
    pixels = np.full((33, 2), 100.0)
    for side in ("left", "right"):
        pixels[landmarks.INDEX[f"{side}_hip"]] = (100, 100 + trunk)
        for name, down in (("elbow", -0.5 * trunk), ("wrist", 0.0), ("index", 20.0), ("pinky", 20.0)):
            pixels[landmarks.INDEX[f"{side}_{name}"]] = np.add(wrist, (0, down))
    return Detection(pixels, np.full(33, sure), np.zeros((33, 3)))


def test_the_square_around_a_wrist_is_as_large_as_the_person_and_none_where_a_hand_is_a_few_pixels():
    square = around_wrist(person_at((300, 400)), "left")
    assert square.side == 180 and tuple(square.corner + square.side / 2) == (300, 420)
    assert around_wrist(person_at((300, 400)), "left", 0.5) is None
    assert around_wrist(person_at((300, 400), trunk=90.0), "left") is None
    assert around_wrist(person_at((300, 400), sure=0.2), "left") is None


def test_hands_travel_with_what_a_pass_saw():
    hands = SeenHands(np.ones((2, 21, 2)), np.ones((2, 21, 3)), np.array([0.8, 0.0]))
    one = person_at((1, 2))
    seen = [[one], [], [replace(one, hands=hands)], [replace(one, hands=SeenHands.none())]]
    again = PassDetections.from_arrays(PassDetections(seen, [], [], ()).to_arrays()).seen
    assert [len(row) for row in again] == [1, 0, 1, 1] and again[0][0].hands is None
    np.testing.assert_array_equal(again[2][0].hands.pixels, hands.pixels)
    np.testing.assert_array_equal(again[2][0].moved(np.array([5.0, 1.0])).hands.pixels, np.add(hands.pixels, [5, 1]))


def test_the_demos_left_hand_is_found_at_its_wrist_and_open():
    """Its palm faces the camera, fingers nearly straight, in frame 54."""
    demo, frame = demo_clip(), 54
    with np.load(demo.video.parent / "truth.npz") as truth:
        joints, K, R, t = truth["joints"][frame], truth["camera_K"], truth["camera_R"], truth["camera_t"]
    seen_from = Pinhole(K, (1280, 720), R, t)
    pixels = seen_from.project(joints[None])[0]
    image = next(iter(frames(demo.video, start=frame / 30)))
    with closing(HandDetector(models.find(models.HAND), 1.0)) as detector:
        found = detector(image, Detection(pixels, np.ones(33), np.zeros((33, 3))))
    wrist = pixels[landmarks.INDEX["left_wrist"]]
    assert found.confidence[0] > 0.6 and np.linalg.norm(found.pixels[0, 0] - wrist) < 15
    _, bent = read(found.points_3d[:1] @ seen_from.axes[0], LEFT, right=False)
    flexion = np.degrees(bent[0] + MARKED).reshape(5, 4)[1:, 2]
    assert (flexion < 50).all()
