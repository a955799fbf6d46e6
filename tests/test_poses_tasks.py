"""Tasks on poses, and the benchmark's arithmetic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.errors import InputError
from motionrecon.optimus.poses.files import SHIPPED
from motionrecon.poses.damped import descend
from motionrecon.poses.learned import PoseOptimus
from motionrecon.poses.placing import placed
from motionrecon.research.bench.poses import report
from motionrecon.research.bench.poses.figures import evaluations_to, mean_over, ratio_over
from motionrecon.research.bench.poses.measure import joint_errors
from motionrecon.research.tasks.poses.chances import Chances
from motionrecon.research.tasks.poses.motions import SETS, motions
from motionrecon.research.tasks.poses.onlookers import Onlookers
from motionrecon.research.tasks.poses.people import People
from motionrecon.research.tasks.poses.starts import random_starts
from motionrecon.research.tasks.poses.tasks import problem_of

SOURCE = People(motions("tune"), heights=(1.7, 1.8))


def test_the_same_generator_gives_the_same_tasks():
    one, two = (SOURCE.draw(5, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.start, two.start) and np.array_equal(one.problem.weight, two.problem.weight)


def test_the_truth_is_seen_where_the_keypoints_are():
    exact = Chances(noise=(0.0, 0.0), lengths=0.0, missing=0.0, flipped=0.0, focal=0.0)
    tasks = People(SOURCE.motions, exact).draw(20, np.random.default_rng(0), 3)
    assert tasks.problem.value(tasks.qpos).max() < 60  # the prior alone
    np.testing.assert_allclose(tasks.problem.camera.project(tasks.truth), tasks.problem.pixels, atol=1e-9)
    assert joint_errors(tasks, tasks.qpos)[0].max() < 1e-9
    found = descend(tasks.problem, tasks.start, 15)
    assert np.median(found.value / found.history[:, 0]) < 0.05


def test_a_mirrored_person_is_a_persons_mirror_image():
    body, articulation = SOURCE.bodies[0]
    qpos = SOURCE.motions.qpos[::300]
    points, mirrored = (pose(body.model, q).at(articulation.points) for q in (qpos, SOURCE.mirror.mirrored(qpos)))
    np.testing.assert_allclose(mirrored[:, MIRROR] * [1, -1, 1], points, atol=1e-9)
    assert len(SOURCE.mirror.groups) == 5 and sum(map(len, SOURCE.mirror.groups)) == 28


def test_no_run_has_a_jump_of_half_a_turn_in_it():
    jumps = 0
    for name in SETS:
        of = motions(name)
        turned = [of.qpos[a:b, 3:7] for a, b in pairwise(of.first)]
        jumps += sum((np.abs((q[1:] * q[:-1]).sum(1)) < 0.8).sum() for q in turned)
        qpos, clip = of.runs(2000, 7, np.random.default_rng(1))
        assert np.abs((qpos[:, 1:, 3:7] * qpos[:, :-1, 3:7]).sum(-1)).min() > 0.79, name  # 26 rad/s at 20 fps
        assert len(set(clip.tolist())) > 5
    assert jumps > 10  # what is left out
    alone, _ = motions("test_actions").runs(3, 1, np.random.default_rng(0))
    assert alone.shape[1] == 1


def test_no_set_shares_a_clip_with_another():
    names = [name for s in SETS for name in motions(s).names]
    assert len(names) == len(set(names))
    with pytest.raises(InputError, match="test_actions"):
        motions("test")


def test_errors_have_the_derivative_that_they_say():
    tasks = SOURCE.draw(3, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    points = tasks.truth + 0.1 * rng.normal(size=tasks.truth.shape)
    d = 1e-6 * rng.normal(size=points.shape)
    change = tasks.errors(points + d)[0] - tasks.errors(points - d)[0]
    np.testing.assert_allclose((tasks.errors(points)[1] * d).sum((1, 2)), change / 2, rtol=1e-6)
    shifted = points + rng.normal(size=(3, 1, 3))
    np.testing.assert_allclose(tasks.errors(shifted)[0], tasks.errors(points)[0])
    assert tasks.centre[INDEX["left_hip"]] == 0.5


def test_shapes_are_put_where_they_were_seen():
    rng = np.random.default_rng(4)
    shapes, there = rng.normal(size=(2, 3, 9, 3)), np.array([0.3, -0.2, 6.0])
    seen = shapes[:, 1] + there
    rays = seen[..., :2] / seen[..., 2:]
    rays[0, 2] = np.nan
    places, away = placed(rays, np.ones((2, 9)), shapes)
    np.testing.assert_allclose(places[:, 1], np.tile(there, (2, 1)), atol=1e-6)
    assert (away.argmin(1) == 1).all()


def test_random_starts_are_before_the_camera():
    tasks = SOURCE.draw(3, np.random.default_rng(5), 2)
    for x in random_starts(tasks, 2, np.random.default_rng(6)):
        assert x.shape == tasks.start.shape and np.isfinite(tasks.problem.value(x)).all()
        np.testing.assert_allclose(x[::2, 7:], x[1::2, 7:])


def test_evaluations_and_errors_of_clips():
    history = np.array([[8.0, 4.0, 1.2, 1.0], [9.0, 9.0, 9.0, 9.0]])
    assert evaluations_to(history, np.ones(2), 1.25).tolist() == [3.0, 31.0]
    clip = np.repeat(np.arange(50), 4)
    alike = np.repeat(np.random.default_rng(7).normal(size=50), 4)
    mean = mean_over(clip, alike)
    assert mean.error == pytest.approx(alike[::4].std(ddof=1) / 50**0.5, rel=1e-6)
    assert ratio_over(clip, 2 * alike + 4, alike + 2).value == pytest.approx(2.0)
    assert np.isnan(mean_over(np.zeros(9, int), np.arange(9.0)).error), "one clip says nothing of others"


def test_onlookers_see_what_each_of_them_would_alone():
    rng = np.random.default_rng(3)
    lens = Pinhole(np.array([[800.0, 0, 320], [0, 810, 240], [0, 0, 1]]), (640, 480), np.eye(3), rng.normal(size=3))
    turns, eyes = Rotation.from_rotvec(rng.normal(size=(4, 3))).as_matrix(), rng.normal(size=(4, 3))
    cameras = Onlookers(lens, turns, eyes)
    points = cameras.to_world(rng.normal(6, 1, (4, 5, 3)))
    turn, shift = Rotation.from_rotvec([0.2, -0.5, 1.0]).as_matrix(), rng.normal(size=3)
    for i in range(4):
        alone = Pinhole(lens.K, (640, 480), turns[i], -turns[i] @ eyes[i])
        np.testing.assert_allclose(cameras.project(points)[i], alone.project(points[i]))
        np.testing.assert_allclose(cameras.across(points).by_point[i], alone.across(points[i : i + 1]).by_point[0])
        one = cameras.at(np.array([i]))
        np.testing.assert_allclose(one.to_camera(points[i : i + 1])[0], alone.to_camera(points[i]))
    there = points @ turn.T + shift
    np.testing.assert_allclose(cameras.in_world(turn, shift).project(there), cameras.project(points))
    np.testing.assert_allclose(cameras.rays(cameras.project(points)), cameras.across(points).image)


def test_the_benchmark_writes_what_it_found(tmp_path):
    text = report.main(
        tmp_path, {}, splits=["other source"], only=["lm", "lm-search", "minpack", "trf", "lbfgs"], count=2
    )
    assert "MINPACK" in text and "from 20 more starts" in text
    assert {file.name for file in tmp_path.iterdir()} == {"poses.md", "poses.json", "poses.png", "misses.png"}
    runs = report.main(tmp_path, {}, splits=["other source, with 3D"], only=["one-step"], frames=3, count=1)
    assert "1 runs of 3 frames" in runs and "from 4 more starts" in runs and "one learned step" in runs
    with pytest.raises(InputError, match="lm-search"):
        report.main(tmp_path, {}, only=["newton"])
    with pytest.raises(InputError, match="new actions"):
        report.main(tmp_path, {}, splits=["old"])
    with pytest.raises(InputError, match="at least 1"):
        report.main(tmp_path, {}, frames=0)
    with pytest.raises(InputError, match="the longest clip has"):
        report.main(tmp_path, {}, frames=5000, count=1)
    with pytest.raises(InputError, match=r"'minpack' is for single frames.*frames=3"):
        report.main(tmp_path, {}, only=["minpack"], frames=3)
    with pytest.raises(InputError, match="NAME=FILE"):
        report.files_of(["x"])
    with pytest.raises(InputError, match="x is given already"):
        report.files_of(["x=a.safetensors", "x=b.safetensors"])
    for taken in ("lm", "poses"):
        with pytest.raises(InputError, match=f"{taken}=.*give another"):
            report.main(tmp_path, {taken: tmp_path / "mine.safetensors"})


@pytest.mark.parametrize(("name", "length", "gained"), [("poses", 1, 0.3), ("poses-runs", 5, 0.4)])
def test_the_weights_that_come_with_motionrecon_beat_their_untrained_control(name, length, gained):
    drawn = People(motions("tune"), heights=(1.75,)).draw(48 // length, np.random.default_rng(9), length)
    problem, start = problem_of(drawn)
    learned, silent = (o.descend(problem, start, 3) for o in (PoseOptimus.load(name), PoseOptimus(None)))
    assert np.log10(silent.value / learned.value).mean() > gained  # decades; 0.48 and 0.57 where they were made
    assert set(SHIPPED.records()) >= {"poses", "poses-runs", "poses-no-attention"}
