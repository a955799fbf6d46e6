"""The bank and the training of poses for bodies other than the capsule person: recipes, picking and naming."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from support import options, require

from motionrecon.body import Body, build
from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES
from motionrecon.cli.bench.poses import poses as bench_poses
from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.data import make_bank
from motionrecon.data.make_poses import FOLDER
from motionrecon.errors import InputError
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.fit import Weights
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.observed import directed
from motionrecon.kinematics.terms.pose_prior import PosePrior
from motionrecon.kinematics.terms.smoothness import Smoothness
from motionrecon.optimus.facade import SQUARES_WEIGHTS
from motionrecon.optimus.poses.files import SHIPPED
from motionrecon.pipeline import reconstruct
from motionrecon.poses import bank as banks
from motionrecon.poses.bank import PoseBank, learned_for
from motionrecon.poses.learned import PoseOptimus, weights_for
from motionrecon.poses.runs import RunProblem
from motionrecon.research.bench.poses import report
from motionrecon.research.bench.poses.measure import joint_errors
from motionrecon.research.tasks.poses.chances import Chances
from motionrecon.research.tasks.poses.motions import motions
from motionrecon.research.tasks.poses.people import People, training_source, tuning_source
from motionrecon.research.tasks.poses.tasks import problem_of
from motionrecon.research.tasks.poses.untold import Untold, told_to
from motionrecon.research.training.pose_training import PoseTraining
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.result.assemble import learned_of, say_how_it_began
from motionrecon.run import Run

CAPSULES = build(1.70)
TUNE = motions("tune")


@pytest.fixture(scope="module")
def body():
    require(importlib.util.find_spec("anny"), "the package anny")
    return build(1.70, kind="anny")


@pytest.fixture(scope="module")
def people(body):
    return People(TUNE, heights=(1.70,), kind="anny")


@pytest.fixture
def own_banks(tmp_path, monkeypatch):
    """A folder of banks that has that of the capsule person."""
    for suffix in (".safetensors", ".toml"):
        source = banks.bank_file().with_suffix(suffix)
        (tmp_path / source.name).write_bytes(source.read_bytes())
    where = banks.bank_file
    monkeypatch.setattr(banks, "bank_file", lambda kind="capsules": tmp_path / where(kind).name)
    banks._learned.cache_clear()
    yield tmp_path
    banks._learned.cache_clear()


def hinges_of(body):
    return [body.model.joint(j).name for j in range(1, body.model.njnt)]


def test_a_body_does_the_capsule_persons_poses_alike(body):
    qpos = TUNE.qpos[::300]
    assert told_to(CAPSULES, qpos) is qpos
    own = told_to(body, qpos)
    limbs = [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("wrist", "knee", "ankle")]
    there, here = (pose(b.model, q).at(b.landmarks)[:, limbs] for b, q in ((CAPSULES, qpos), (body, own)))
    assert np.median(np.linalg.norm(there - here, axis=-1)) < 0.06


def test_what_nothing_tells_of_is_drawn_and_the_spines_sum_kept(body):
    untold, names = Untold.of(body), hinges_of(body)
    qpos = np.repeat(told_to(body, TUNE.qpos[::20])[:, None], 3, axis=1)
    away = (untold.drawn(qpos, np.random.default_rng(0)) - qpos)[..., ANGLES]
    assert np.ptp(away, axis=1).max() < 1e-12  # a run is drawn once
    spread = dict(zip(names, away[:, 0].std(0), strict=True))
    drawn = {name for name, value in spread.items() if value > 1e-9}
    lacking = {f"{s}_{h}" for s in ("left", "right") for h in ("forearm_pronation", "wrist_flexion", "toe_extension")}
    parts = {"lumbar_flexion", "thoracic_flexion", "lumbar_lateral", "thoracic_lateral"}
    assert drawn == lacking | parts
    assert spread["left_wrist_flexion"] == pytest.approx(0.25, rel=0.3) and 0.03 < spread["lumbar_flexion"] < 0.2
    bends = away[:, 0, [names.index("lumbar_lateral"), names.index("thoracic_lateral")]].sum(1)
    assert np.median(np.abs(bends)) < 1e-9  # but for those that the ends of a range hold back
    assert Untold.of(CAPSULES) is None


def test_the_tasks_are_of_such_persons(people, body):
    exact = Chances(noise=(0.0, 0.0), lengths=0.0, missing=0.0, flipped=0.0, focal=0.0, mixed=0.5, near=1.0)
    tasks = replace(people, chances=exact).draw(6, np.random.default_rng(0), 2)
    assert tasks.qpos.shape[1] == tasks.start.shape[1] == body.model.nq
    np.testing.assert_allclose(tasks.problem.camera.project(tasks.truth), tasks.problem.pixels, atol=1e-9)
    assert joint_errors(tasks, tasks.qpos)[0].max() < 1e-9
    qpos = people._done.qpos[::400]
    there, mirrored = (pose(body.model, q).at(body.marks) for q in (qpos, people.mirror.mirrored(qpos)))
    np.testing.assert_allclose(mirrored[:, MIRROR] * [1, -1, 1], there, atol=0.01)  # Anny's sides differ a little
    assert len(people.mirror.groups) == 5 and sum(map(len, people.mirror.groups)) == len(hinges_of(body))


@pytest.mark.parametrize("kind", ["capsules", "anny"])
def test_tasks_weigh_poses_and_motion_as_the_fit_does(kind, request):
    body = CAPSULES if kind == "capsules" else request.getfixturevalue("body")
    source = People(TUNE, guess=1.0, heights=(1.70,), kind=kind)
    tasks, weights = source.draw(1, np.random.default_rng(2), 6), Weights()
    problem, _ = problem_of(tasks)
    assert isinstance(problem, RunProblem)
    x, trust = Trajectory(body, tasks.qpos, Plane()), tasks.problem.trust
    smooth, prior = Smoothness(tasks.fps, weight=weights.smooth)(x), PosePrior(weight=weights.prior)(x)
    np.testing.assert_allclose((problem._accelerations(tasks.qpos[None]) ** 2).sum(), smooth.cost, rtol=1e-9)
    np.testing.assert_allclose((tasks.problem._belief(tasks.qpos)[0] ** 2).sum(), prior.cost, rtol=1e-9)
    assert (trust.pixels, trust.depth) == (weights.pixels, weights.depth)
    assert trust.depth_bend == inspect.signature(directed).parameters["scale"].default * weights.depth


def test_a_training_on_such_persons_lowers_their_poses(people, body, tmp_path):
    settings = TrainingSettings(tasks="poses", steps=2, body="anny")
    training = PoseTraining(settings, tmp_path, people, people)
    training.run()
    optimus = PoseOptimus.load(str(tmp_path / "weights.safetensors"))
    tasks = people.draw(8, np.random.default_rng(1))
    found = optimus.descend(tasks.problem, tasks.start, 6)
    assert np.median(found.value / found.history[:, 0]) < 0.5
    with pytest.raises(InputError, match=f"this model with 33 points has {6 + len(hinges_of(body))}.*--body"):
        PoseOptimus.load("poses").descend(tasks.problem, tasks.start, 2)
    with pytest.raises(InputError, match="body"):
        PoseTraining(replace(settings, body="capsules"), tmp_path, people, people)


def test_sources_and_settings_know_kinds_of_bodies():
    assert training_source(kind="anny").kind == tuning_source("anny").kind == "anny"
    with pytest.raises(InputError, match="body=stick is unknown; choose one of anny, capsules"):
        tuning_source("stick")
    with pytest.raises(InputError, match=r"body=.* tasks=functions, rule=optimus-paper does not"):
        TrainingSettings(body="anny")
    for body in ("anny", "capsules"):
        with pytest.raises(InputError, match="model of your own or a person"):
            TrainingSettings(tasks="poses", model="x.xml", body=body)


def test_where_no_body_is_said_it_is_the_one_that_reconstruct_gives(tmp_path):
    bodies = [inspect.signature(of).parameters["body"].default for of in (reconstruct, bench_poses)]
    assert [*bodies, TrainingSettings(tasks="poses").body] == 3 * ["anny"]
    (tmp_path / "mine.xml").write_text("<mujoco/>")
    assert TrainingSettings().body == TrainingSettings(tasks="poses", model=str(tmp_path / "mine.xml")).body == ""


@pytest.mark.parametrize("name", SHIPPED.records())
def test_the_command_of_weights_that_come_with_motionrecon_trains_for_their_body(name):
    record = SHIPPED.records()[name]
    _, _, said = record["command"].partition("--body ")
    given = said.split()[0] if said else ""
    assert TrainingSettings(tasks="poses", body=given).body == json.loads(record["settings"]).get("body", "capsules")


def test_the_benchmark_compares_on_such_persons(people, tmp_path, monkeypatch):
    monkeypatch.setattr("motionrecon.research.bench.poses.measure.People", lambda *a, **k: replace(people, **k))
    text = report.main(tmp_path, {}, splits=["other source"], only=["lm"], count=1, kind="anny", learned=True)
    assert "Levenberg-Marquardt" in text
    with pytest.raises(InputError, match="body=stick"):
        report.main(tmp_path, {}, kind="stick")


def test_weights_are_of_the_body_that_they_were_trained_for(monkeypatch):
    monkeypatch.setattr(
        "motionrecon.optimus.shipped.Shelf.records",
        lambda shelf: {"poses": {"settings": "{}"}, "poses-anny": {"settings": '{"body": "anny"}'}},
    )
    assert weights_for() == ("poses",) and weights_for("anny") == ("poses-anny",) and weights_for("other") == ()


def made_bank(folder, monkeypatch, *flags):
    """The recipe on a few poses."""
    with np.load(FOLDER / "tune.npz", allow_pickle=False) as saved:
        np.savez(folder / "few.npz", qpos=saved["qpos"][::60])
    given = ["make_bank", "--poses", str(folder / "few.npz"), "--count", "8", *flags]
    monkeypatch.setattr(sys, "argv", given)
    monkeypatch.setattr(make_bank, "bank_file", banks.bank_file)
    make_bank.main()


def test_a_bank_of_its_own_is_made_and_picked(body, own_banks, monkeypatch):
    shared = PoseBank.of(body)
    assert learned_for(body).name == "bank" and learned_for(body).kind == "capsules"
    made_bank(own_banks, monkeypatch, "--body", "anny")
    own, known = PoseBank.of(body), learned_for(body)
    assert (known.name, known.kind, known.hinges) == ("bank-anny", "anny", tuple(hinges_of(body)))
    assert len(own) == 9 < len(shared) and np.abs(own.qpos[:-1, ANGLES] - known.poses[:, 4:]).max() < 1e-12
    np.testing.assert_array_equal(own.qpos[-1, ANGLES], body.rest_qpos[ANGLES])
    assert learned_for(CAPSULES).name == "bank"


def test_the_report_names_the_bank_and_the_weights(body, own_banks, monkeypatch):
    usual = options()
    assert learned_of(usual, CAPSULES).bank == learned_of(usual, body).bank == "bank"
    assert learned_of(usual, body).bank_body == "capsules" and learned_of(usual, body).weights == (
        SQUARES_WEIGHTS or None
    )
    assert learned_of(options(optimizer="optimus-paper"), body).weights == "optimus-paper-windows"
    made_bank(own_banks, monkeypatch, "--body", "anny")
    found = learned_of(usual, body)
    assert (found.bank, found.bank_body) == ("bank-anny", "anny") and found.bank_sha256 == learned_for(body).sha256
    known = found
    bare = learned_of(options(first_poses="relaxed", optimizer="lm"), body)
    assert set(vars(bare).values()) == {None}
    monkeypatch.setattr(type(body), "hinge_parts", Body.hinge_parts)
    (own_banks / "bank-anny.safetensors").unlink()
    run, relaxed = Run(), learned_of(usual, body)
    assert relaxed.bank is None
    for asked, found in ((usual, relaxed), (options(first_poses="relaxed"), bare), (usual, known)):
        say_how_it_began(run, found, asked)
    assert run.warnings == ["no typical poses are known of the body anny: the fit began from a relaxed pose"]
