"""Cameras that nobody calibrated, posed from the person before them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from people import camera, person, see, stepping

from motionrecon.body import build
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import LEVEL
from motionrecon.core import so3
from motionrecon.core.clock import Clock
from motionrecon.errors import InputError
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import fit
from motionrecon.residuals.robust import of_cauchy
from motionrecon.rig import bundle, lengths
from motionrecon.rig.poses import found

EYES = ((3.2, -2.4, 1.3), (2.9, 2.2, 1.6), (-3.5, 1.0, 1.2), (-1.5, -3.4, 1.8))


@cache
def motion():
    """Somebody who steps, turns and walks an arc: (T, nq)."""
    qpos = stepping(person(), 18, fps=5.0)
    turn = np.linspace(0.0, 2.0, len(qpos))
    about = so3.exp(turn[:, None] * [0.0, 0.0, 1.0])
    qpos[:, 3:7] = so3.multiply(about, qpos[:, 3:7])
    qpos[:, 0] += 0.6 * np.sin(turn)
    qpos[:, 1] += 0.6 * np.cos(turn)
    return qpos


def seen(*eyes, noise=3.0, roll=0.1):
    """Cameras (all but the first rolled), and what they saw: pixels, weights, 3D guesses."""
    cameras = [camera(eye, roll if i else 0.0) for i, eye in enumerate(eyes)]
    views = [see(person(), motion(), one, noise=noise, depth_noise=0.1).view for one in cameras]
    rng = np.random.default_rng(1)
    pixels = np.stack([view.pixels + noise * rng.standard_normal(view.pixels.shape) for view in views])
    return cameras, pixels, np.stack([view.weight for view in views]), np.stack([view.points_3d for view in views])


def relative(cameras, v):
    first, other = cameras[0], cameras[v]
    R = other.R_camera_world @ first.R_camera_world.T
    return R, other.t_camera_world - R @ first.t_camera_world


def degrees(R):
    return np.degrees(np.linalg.norm(so3.log(so3.from_matrix(R))))


@pytest.mark.parametrize("eyes", [EYES[:2], (EYES[0], EYES[2]), EYES])
def test_the_poses_are_found(eyes):
    cameras, pixels, weight, guess = seen(*eyes)
    rig = found(cameras, pixels, weight, guess, 1.75)
    assert np.array_equal(rig.cameras[0].R_camera_world, LEVEL) and not rig.cameras[0].t_camera_world.any()
    assert not any(one.calibrated for one in rig.cameras)
    for v in range(1, len(eyes)):
        R, t = relative(cameras, v)
        R_found, t_found = relative(rig.cameras, v)
        assert degrees(R_found @ R.T) < 1.0
        assert np.linalg.norm(t_found) == pytest.approx(np.linalg.norm(t), rel=0.06)
        assert np.linalg.norm(t_found / np.linalg.norm(t_found) - t / np.linalg.norm(t)) < 0.03
        assert 0 < rig.uncertainty[v].rotation < 4.0 and 0 < rig.uncertainty[v].place < 0.5
    assert not rig.warnings


def test_where_the_cameras_were_said_to_be_is_not_used():
    cameras, pixels, weight, guess = seen(*EYES[:2])
    moved = [one.in_world(so3.matrix(np.array([0.3, 1.0, -0.4])), np.array([5.0, 1.0, 2.0])) for one in cameras]
    one, other = (found(given, pixels, weight, guess, 1.75) for given in (cameras, moved))
    assert np.allclose(one.cameras[1].R_camera_world, other.cameras[1].R_camera_world, atol=1e-9)
    assert np.allclose(one.cameras[1].t_camera_world, other.cameras[1].t_camera_world, atol=1e-9)


def test_a_leg_that_is_hidden_in_one_view_does_not_bend_the_rig():
    cameras, pixels, weight, guess = seen(*EYES[:2])
    hidden = [i for i in range(33) if i in (25, 27, 29, 31)]
    pixels[1, 9:, hidden] += np.array([60.0, -40.0])
    rig = found(cameras, pixels, weight, guess, 1.75)
    R, _ = relative(cameras, 1)
    assert degrees(relative(rig.cameras, 1)[0] @ R.T) < 1.5


def test_taller_people_stand_before_wider_rigs():
    cameras, pixels, weight, guess = seen(*EYES[:2])
    one, other = (found(cameras, pixels, weight, guess, height).cameras[1] for height in (1.75, 1.4))
    ratio = np.linalg.norm(other.t_camera_world) / np.linalg.norm(one.t_camera_world)
    assert ratio == pytest.approx(1.4 / 1.75, rel=0.02)


def test_assumed_focal_lengths_make_the_poses_less_certain():
    cameras, pixels, weight, guess = seen(EYES[0], EYES[2], noise=1.0)
    known, assumed = (found(cameras, pixels, weight, guess, 1.75, assumed=[one] * 2) for one in (False, True))
    by_lines, one_alone = (
        found(cameras, pixels, weight, guess, 1.75, lens_errors=errors) for errors in ([0.03, 0.03], [0.03, 0.0])
    )
    assert assumed.uncertainty[1].place > 1.2 * known.uncertainty[1].place
    assert by_lines.uncertainty[1].place > one_alone.uncertainty[1].place > known.uncertainty[1].place
    assert assumed.cameras[0].K[0, 0] == cameras[0].K[0, 0]
    assert np.array_equal(known.cameras[1].t_camera_world, assumed.cameras[1].t_camera_world)


def test_one_camera_stands_level_at_the_origin():
    cameras, pixels, weight, guess = seen(EYES[0])
    rig = found(cameras, pixels, weight, guess, 1.75)
    assert np.array_equal(rig.cameras[0].R_camera_world, LEVEL)


def test_cameras_side_by_side_are_refused():
    cameras, pixels, weight, guess = seen(EYES[0], (3.25, -2.3, 1.3), noise=1.0)
    with pytest.raises(InputError, match=r"right\.mp4 sees the person from nearly the same direction.*calibrat"):
        found(cameras, pixels, weight, guess, 1.75, ["left.mp4", "right.mp4"])


def test_views_that_never_show_the_person_together_are_refused():
    cameras, pixels, weight, guess = seen(*EYES[:3])
    weight[2] = 0.0
    with pytest.raises(InputError, match=r"where c\.mp4 stands cannot be told.*8 frames.*a\.mp4"):
        found(cameras, pixels, weight, guess, 1.75, ["a.mp4", "b.mp4", "c.mp4"])


def test_views_of_different_motions_are_refused():
    cameras, pixels, weight, guess = seen(*EYES[:2])
    rng = np.random.default_rng(2)
    pixels[1] += 150 * rng.standard_normal((*pixels[1].shape[:2], 2))
    with pytest.raises(InputError, match="calibration with camera="):
        found(cameras, pixels, weight, guess, 1.75)


def test_missing_guesses_and_keypoints_are_endured():
    cameras, pixels, weight, guess = seen(*EYES[:2])
    guess[:] = np.nan
    pixels[0, 5], pixels[1, :, 15], weight[0, 9:12] = np.nan, np.nan, 0.0
    rig = found(cameras, pixels, weight, guess, 1.75)
    assert degrees(relative(rig.cameras, 1)[0] @ relative(cameras, 1)[0].T) < 1.5


def test_the_gradient_is_that_of_the_cost():
    """Central differences of the least-squares part, whose weights hardly change: residuals are small."""
    cameras, pixels, weight, _ = seen(*EYES[:2], noise=0.5)
    rays = np.stack([one.rays(p) for one, p in zip(cameras, pixels, strict=True)])[:, ::4, lengths.MARKS]
    observed = bundle.Observations(rays, weight[:, ::4, lengths.MARKS], lengths.expected(1.75))
    R, t = relative(cameras, 1)
    scene = bundle.Scene.begun(observed, np.stack([np.eye(3), R]), np.stack([np.zeros(3), t]))
    depth = bundle._depth(scene, observed.lengths)
    rng = np.random.default_rng(3)
    system = bundle._Arrow(observed, scene, of_cauchy, depth)
    system._equations  # noqa: B018
    for _ in range(4):
        points = rng.standard_normal(scene.points.shape)
        shared = 0.1 * rng.standard_normal(system.shared)
        e = 1e-6
        ahead, behind = (
            bundle._Arrow(observed, system._moved(s * e * points, s * e * shared), of_cauchy, depth).cost
            for s in (1, -1)
        )
        expected = 2 * ((system.gradient * points).sum() + system.shared_gradient @ shared)
        assert (ahead - behind) / (2 * e) == pytest.approx(expected, rel=1e-5)


def test_lengths_are_those_of_the_body():
    body = person()
    marks = pose(body.model, stepping(body, 5)).at(body.marks)[:, lengths.MARKS]
    ratio = lengths.measured(marks) / lengths.expected(1.75)
    assert np.abs(ratio - 1).max() < 0.2
    assert np.isfinite(lengths.measured(np.where(np.arange(5)[:, None, None] < 4, np.nan, marks))).all()


def test_the_fit_finds_gravity_and_the_floor_for_a_found_rig():
    cameras, pixels, weight, guess = seen(EYES[0], EYES[2])
    tilted = [one.in_world(so3.matrix(np.array([0.2, 0.1, 0.0])), np.zeros(3)) for one in cameras]
    rig = found(tilted, pixels, weight, guess, 1.75)
    views = [
        replace(see(person(), motion(), one).view, camera=posed, clock=Clock(5.0), pixels=p, weight=w, points_3d=g)
        for one, posed, p, w, g in zip(cameras, rig.cameras, pixels, weight, guess, strict=True)
    ]
    figure = fit(views, build(1.75), Plane())
    truth = pose(person().model, motion()).at(person().landmarks)
    for view, true in zip(figure.views, cameras, strict=True):
        up, true_up = view.camera.axes[0][:, 2], true.axes[0][:, 2]
        assert np.degrees(np.arccos(up @ true_up)) < 5.0
        off = np.linalg.norm(view.camera.to_camera(figure.landmarks) - true.to_camera(truth), axis=-1)
        assert np.median(off) < 0.12
        assert view.camera.eye[0, 2] == pytest.approx(true.eye[0, 2], abs=0.2)
