"""The recipe that teaches how a detector's 3D errs: poses, cameras, marks, and the training."""

from dataclasses import replace

import numpy as np
import pytest
from mannequins import of_boxes
from scipy.spatial.transform import Rotation

from motionrecon.body import build
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES
from motionrecon.cameras.sightline import turns_to
from motionrecon.core.blas import one_thread
from motionrecon.core.landmarks import BELOW_THE_HEAD, INDEX
from motionrecon.data.attitudes import SHARES, Attitudes
from motionrecon.data.make_depth import marks
from motionrecon.data.make_poses import HEIGHT
from motionrecon.data.make_rendered import segment_rotations
from motionrecon.data.studio import seen
from motionrecon.depth.network import Sighting, says
from motionrecon.research.training.depth import Lessons, depth_errors, read, report, train

BODY = build(HEIGHT, None, "capsules")
SIZE = (400, 400)


@pytest.fixture(scope="module")
def attitudes() -> Attitudes:
    return Attitudes.of("train", BODY)


def test_poses_are_of_all_kinds_and_within_the_joints(attitudes):
    rng, found = np.random.default_rng(0), {}
    for _ in range(300):
        kind, qpos = attitudes.draw(rng)
        found.setdefault(kind, []).append(qpos)
        low, high = BODY.model.jnt_range[1:].T
        assert (qpos[ANGLES] >= low - 1e-9).all() and (qpos[ANGLES] <= high + 1e-9).all()
        assert abs(np.linalg.norm(qpos[3:7]) - 1) < 1e-6
    assert set(found) == set(SHARES)
    knees = [i for i, name in enumerate(BODY.hinge_names) if "knee" in name]
    bent = {kind: np.degrees(np.median(np.array(poses)[:, ANGLES][:, knees])) for kind, poses in found.items()}
    assert bent["standing"] < 6 and 60 < bent["sitting"] < 110 and 30 < bent["crouching"] < 110
    turn = pose(BODY.model, np.array(found["standing"])).rotations[:, BODY.model.body("pelvis").id]
    assert turn[:, 2, 2].min() > np.cos(np.radians(20))
    assert np.ptp(np.arctan2(turn[:, 1, 0], turn[:, 0, 0])) > 5  # all around


def test_a_camera_sees_the_whole_person_upright():
    rng = np.random.default_rng(1)
    points = rng.uniform((-0.3, -0.4, 0.0), (0.3, 0.4, 1.8), (33, 3))
    for _ in range(50):
        camera = seen(points, SIZE, rng)
        pixels = camera.project(points)
        assert (pixels > 0).all() and (pixels < SIZE[0]).all() and np.ptp(pixels, axis=0).max() > 100
        assert camera.eye[0][2] >= 0.1 and camera.to_camera(points)[:, 2].min() > 0.3
        assert camera.axes[0, 1, 2] < -0.7 and camera.axes[0, 2, 0] > 0.5


def test_marks_of_a_mannequin_lie_as_those_of_the_body_do():
    """Off the joints' centres by as much, the same way in the body's axes, however it is posed."""
    with np.load(Attitudes.of.__globals__["FOLDER"] / "tune.npz") as saved:
        qpos = saved["qpos"][::400].astype(float)
    man = of_boxes()
    rotations = segment_rotations(BODY, qpos)
    positions = man.forward(np.zeros((len(qpos), 3)), rotations)
    ours = (marks(man, positions, rotations) - man.landmarks(positions, rotations)) / man.height
    posed = pose(BODY.model, qpos)
    theirs = (posed.at(BODY.marks) - posed.at(BODY.landmarks)) / HEIGHT
    for name in ("hip", "elbow", "ankle", "heel", "foot_index"):  # shoulders ride on collar bones there
        i = INDEX[f"left_{name}"]
        np.testing.assert_allclose(ours[:, i], theirs[:, i], atol=2e-3, err_msg=name)


def lessons(count: int, rng: np.random.Generator) -> Lessons:
    """A detector that says of limbs that they are deeper than they are."""
    points = np.zeros((count, 33, 3))
    points[:] = rng.normal(0, 0.3, (33, 3)) + rng.normal(0, 0.1, (count, 33, 3))
    points -= points[:, [23, 24]].mean(1, keepdims=True)
    said = points.copy()
    said[:, BELOW_THE_HEAD, 2] *= 1.5
    said[:, INDEX["left_wrist"], 2] += 0.2
    rays = points[..., :2] / (points[..., 2:] + 4.0)
    sighting = Sighting.of(rays, np.full((count, 33), 0.9), said)
    nobody = np.zeros(count, dtype=int)
    names = np.array(["heavy"] * count)
    up = np.tile([0.0, -1.0, 0.0], (count, 1))
    return Lessons(replace(sighting, detector=np.full(count, -1.0)), points, nobody, np.array(["x"] * count), names, up)


def test_a_training_learns_what_a_detector_does_wrong():
    rng = np.random.default_rng(2)
    taught, other = lessons(400, rng), lessons(100, np.random.default_rng(2))
    with one_thread():
        weights = train(taught, 32, 120, seed=0)
    believed = says(weights, other.said.features().astype(np.float32), other.said.points)
    before, after = (np.abs(depth_errors(p, other.marks)).mean() for p in (other.said.points, believed.points))
    assert after < 0.6 * before
    told, untold = (report("these", weights, other, told) for told in (True, False))
    assert "error over its deviation" in told and "degrees" not in told and "degrees" in untold


def test_parts_are_read_as_detectors_saw_them(tmp_path):
    rng, n = np.random.default_rng(3), 4
    there = rng.normal(0, 0.3, (n, 33, 3)) + np.array([0.5, 0.0, 4.0])
    K = np.tile(np.array([[500.0, 0, 200], [0, 500, 200], [0, 0, 1]]), (n, 1, 1))
    pixels = there[..., :2] / there[..., 2:] * 500 + 200
    about = there - there[:, [23, 24]].mean(1, keepdims=True)
    R = Rotation.random(n, rng=rng).as_matrix()
    arrays = {"marks": there, "K": K, "R": R, "kind": np.array(["standing"] * n)}
    for name in ("full", "heavy"):
        arrays |= {f"{name}/pixels": pixels, f"{name}/points_3d": about, f"{name}/confidence": np.ones((n, 33))}
    (tmp_path / "0").mkdir()
    np.savez(tmp_path / "0" / "00000.npz", height=0.85, **arrays)
    assert len(read(tmp_path / "0").marks) == 2 * n
    found = read(tmp_path)
    assert len(found.marks) == 2 * n and set(found.said.detector) == {1.0, -1.0}
    np.testing.assert_allclose(found.up[:n], np.einsum("nab,na->nb", turns_to((pixels - 200) / 500), R[:, :, 2]))
    lengths = np.linalg.norm(found.marks, axis=-1)
    np.testing.assert_allclose(lengths, 2.0 * np.tile(np.linalg.norm(about, axis=-1), (2, 1)), atol=1e-9)
