"""Optimus on poses: one forward pass for numpy and torch, a silent network, and descents that never end above."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from scipy.spatial.transform import Rotation

from motionrecon.body.capsules.body import Capsules
from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.errors import InputError, ModelError
from motionrecon.optimus.poses import files
from motionrecon.optimus.poses.network import PoseNetworkSizes, initial, says
from motionrecon.optimus.poses.step import SILENT, scale_of, silent, step_of
from motionrecon.optimus.shipped import Shelf
from motionrecon.optimus.weights import find
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.damped import damped_steps, descend
from motionrecon.poses.learned import LEARNED_STEPS, PoseOptimus, sizes_for
from motionrecon.poses.level import from_level, level_camera
from motionrecon.poses.runs import RunProblem
from motionrecon.research.tasks.poses.articulated import ModelPoses
from motionrecon.research.tasks.poses.motions import motions
from motionrecon.research.tasks.poses.onlookers import Onlookers
from motionrecon.research.tasks.poses.people import People
from motionrecon.research.tasks.poses.tasks import PoseTasks, problem_of
from motionrecon.research.training.folder import cut_log
from motionrecon.research.training.pose_training import PoseTraining
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.research.training.ship import ship

PERSON = Articulation.of_body(Capsules.build(1.75, 72.0))
SOURCE = People(motions("tune"), guess=0.5, heights=(1.75,))


def tasks(count: int = 4, length: int = 1, seed: int = 0) -> PoseTasks:
    return SOURCE.draw(count, np.random.default_rng(seed), length)


def network(runs: bool = False, loud: float = 0.0, **sizes: bool) -> files.PoseNetwork:
    made = sizes_for(PERSON, runs=runs, **sizes)
    rng = np.random.default_rng(0)
    weights = {name: (value + loud * rng.normal(size=value.shape)).astype(np.float32)
               for name, value in initial(made, rng).items()}  # fmt: skip
    return files.PoseNetwork(made, weights, {})


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("attention", [False, True])
def test_numpy_and_torch_say_the_same(runs, attention):
    sizes = PoseNetworkSizes(5, 4, 6, attention=attention, runs=runs)
    rng = np.random.default_rng(1)
    weights = {name: v + 0.1 * rng.normal(size=v.shape).astype(np.float32) for name, v in initial(sizes, rng).items()}
    tokens, facts = rng.normal(size=(3, 2, 5, 4)).astype(np.float32), rng.normal(size=(3, 2, 6)).astype(np.float32)
    in_torch = says({k: torch.from_numpy(v) for k, v in weights.items()}, sizes, torch.from_numpy(tokens),
                    torch.from_numpy(facts), torch)  # fmt: skip
    for ours, theirs in zip(says(weights, sizes, tokens, facts, np), in_torch, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-5)


def test_without_runs_frames_do_not_hear_of_each_other():
    sizes = PoseNetworkSizes(5, 4, 6)
    rng = np.random.default_rng(2)
    weights = initial(sizes, rng)
    weights["branch.w"] = rng.normal(size=weights["branch.w"].shape).astype(np.float32)
    tokens, facts = rng.normal(size=(1, 2, 5, 4)).astype(np.float32), rng.normal(size=(1, 2, 6)).astype(np.float32)
    together = says(weights, sizes, tokens, facts, np).pull.reshape(2, 5)
    alone = says(weights, sizes, tokens[:, 1:], facts[:, 1:], np).pull.reshape(5)
    np.testing.assert_allclose(together[1], alone, atol=1e-5)


def test_a_silent_network_leaves_damped_gauss_newton():
    drawn = tasks()
    model = drawn.problem.normal(drawn.start)
    step = step_of(silent(4, PERSON.n), model.gradient, model.matrix, scale_of(model.matrix), np.ones(PERSON.n), np)
    np.testing.assert_allclose(step, damped_steps(model, np.full(4, SILENT)), rtol=1e-9, atol=1e-12)


def test_the_step_minimizes_its_model():
    rng = np.random.default_rng(3)
    J, r = rng.normal(size=(2, 9, 4)), rng.normal(size=(2, 9))
    matrix, gradient = J.transpose(0, 2, 1) @ J, np.einsum("nmi,nm->ni", J, r)
    said = silent(2, 4)._replace(pull=rng.normal(size=(2, 4)), precision=rng.normal(size=(2, 4)),
                                 terms=rng.normal(size=(2, 3, 4)))  # fmt: skip
    scale, reach = scale_of(matrix), np.array([1.0, 0.5, 1.0, 2.0])
    s = step_of(said, gradient, matrix, scale, reach, np)
    d = reach * 2 * np.tanh(said.pull / 2)
    firm = SILENT * scale * np.exp(4 * np.tanh(said.precision / 4))
    terms = said.terms * np.sqrt(scale)[:, None]

    def model(s: np.ndarray) -> np.ndarray:
        away = s - d
        felt = (firm * away**2).sum(1) + (np.einsum("nki,ni->nk", terms, away) ** 2).sum(1)
        return ((r + np.einsum("nmi,ni->nm", J, s)) ** 2).sum(1) + felt

    for _ in range(5):
        assert (model(s) <= model(s + 1e-3 * rng.normal(size=s.shape))).all()


@pytest.mark.parametrize("control", ["attention", "rank_one", "facts_shown", "gauss_newton"])
def test_a_control_lacks_one_thing_and_runs(control):
    drawn = tasks()
    lacking = PoseOptimus(network(loud=0.05, **{control: False})).descend(drawn.problem, drawn.start, 5)
    whole = PoseOptimus(network(loud=0.05)).descend(drawn.problem, drawn.start, 5)
    assert (lacking.value <= lacking.history[:, 0]).all() and not np.array_equal(lacking.history, whole.history)


@pytest.mark.parametrize("loud", [0.0, 1.0, 30.0])
def test_whatever_the_network_says_no_pose_gets_worse(loud):
    drawn = tasks()
    found = PoseOptimus(network(loud=loud)).descend(drawn.problem, drawn.start, 8)
    assert (found.value <= found.history[:, 0]).all() and (np.diff(found.history, axis=1) <= 0).all()
    np.testing.assert_allclose(drawn.problem.value(found.x), found.value, rtol=1e-9)
    assert found.history.shape == (4, 9) and (found.evaluations == 9).all()
    after = descend(drawn.problem, PoseOptimus(network(loud=loud)).descend(drawn.problem, drawn.start, 3).x, 5)
    np.testing.assert_allclose(after.value, found.value, rtol=1e-6)  # what follows is the classical solver


def test_where_no_learned_step_helps_what_is_left_is_the_fallback_itself():
    drawn = tasks(24)
    found = PoseOptimus(network(loud=3.0)).descend(drawn.problem, drawn.start, 8)
    helped = found.history[:, LEARNED_STEPS] < found.history[:, 0]
    assert 0 < helped.sum() < 24
    useless = np.flatnonzero(~helped)
    fallback = descend(drawn.problem.part(useless), drawn.start[useless], 8 - LEARNED_STEPS)
    np.testing.assert_allclose(found.history[useless, LEARNED_STEPS:], fallback.history, rtol=1e-9)
    np.testing.assert_allclose(found.x[useless], fallback.x, rtol=1e-6, atol=1e-9)


def test_runs_derivatives_are_those_of_differences():
    drawn = tasks(1, 4)
    problem, x = problem_of(drawn)
    assert isinstance(problem, RunProblem)
    rng = np.random.default_rng(4)
    x = problem.moved(x, 0.2 * rng.normal(size=(1, 4 * PERSON.n)))
    r, J = problem.linearized(x)
    for _ in range(3):
        d = 1e-6 * rng.normal(size=(1, 4 * PERSON.n))
        change = problem.linearized(problem.moved(x, d))[0] - problem.linearized(problem.moved(x, -d))[0]
        np.testing.assert_allclose(np.einsum("rmi,ri->rm", J, d), change / 2, atol=1e-6)
    model = problem.normal(x)
    np.testing.assert_allclose(model.value, problem.value(x))
    np.testing.assert_allclose(model.gradient, np.einsum("rmi,rm->ri", J, r), rtol=1e-8, atol=1e-5)
    np.testing.assert_allclose(model.matrix, np.einsum("rmi,rmj->rij", J, J), rtol=1e-8, atol=1e-5)
    found = PoseOptimus(network(runs=True)).descend(problem, x, 4)
    assert (found.value <= model.value).all()
    with pytest.raises(InputError, match="length=3"):
        RunProblem(drawn.problem, 3, 20.0)


def test_the_gradient_of_a_training_is_that_of_its_loss(tmp_path, monkeypatch):
    monkeypatch.setattr("motionrecon.research.training.pose_training.LEARNED_STEPS", 1)
    training = PoseTraining(TrainingSettings(tasks="poses", steps=1), tmp_path, SOURCE, SOURCE)
    drawn, weight = tasks(6), training.weights["branch.own"]

    def loss() -> float:
        ((value, error),) = training._learn(drawn)
        return value + 5.0 * error

    training.adam.zero_grad()
    loss()
    gradient = weight.grad.clone().double()
    nudge = 1e-3 * torch.sign(gradient).float()
    weight.data += nudge
    more = loss()
    weight.data -= 2 * nudge
    slope = (more - loss()) / 2e-3
    assert slope == pytest.approx(float(gradient.abs().sum()), rel=0.1)


def test_a_training_resumes_to_the_bit(tmp_path):
    def trained(folder: Path, stops: tuple[int, ...]) -> dict[str, np.ndarray]:
        settings = TrainingSettings(tasks="poses", steps=4, lr=1e-3)
        for stop in (*stops, 4):
            training = PoseTraining(settings, folder, SOURCE, SOURCE)
            while training.step < stop:
                training._advance(training.step / 4)
            training.save()
        return dict(files.read(folder / "weights.safetensors").weights)

    whole, parts = trained(tmp_path / "whole", ()), trained(tmp_path / "parts", (2,))
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def write(path: Path, weights: dict[str, np.ndarray], sizes: object) -> None:
    save_file(weights, path, {"kind": "poses", "sizes": json.dumps(sizes)})


def test_files_of_networks(tmp_path):
    made = network()
    path = tmp_path / "x.safetensors"
    files.save(replace(made, facts={"rule": "optimus"}), path)
    back = files.read(path)
    assert back.sizes == made.sizes and back.facts == {"rule": "optimus"}
    assert all(np.array_equal(back.weights[name], value) for name, value in made.weights.items())
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="holds no weights"):
        files.read(path)
    files.save(replace(made, weights={**made.weights, "identity": np.zeros((3, 32))}), path)
    with pytest.raises(ModelError, match="does not fit"):
        files.read(path)
    for damage in ({"heads": 0}, {"heads": 3}, {"unknowns": 10**15}, {"attention": "no"}, {"depth": 2}, {"width": -1}):
        write(path, made.weights, made.sizes.as_dict() | damage)
        with pytest.raises(ModelError, match="does not fit"):
            files.read(path)
    write(path, made.weights, [[]] * 3)
    with pytest.raises(ModelError, match="does not fit"):
        files.read(path)
    for wrong, said in ((np.float16(1), "does not fit"), (np.float32(np.nan), "no numbers")):
        write(path, {name: (value * wrong).astype(wrong.dtype) for name, value in made.weights.items()},
              made.sizes.as_dict())  # fmt: skip
        with pytest.raises(ModelError, match=said):
            files.read(path)
    other = replace(made, sizes=replace(made.sizes, unknowns=7))
    with pytest.raises(InputError, match=r"7 unknowns.*34"):
        PoseOptimus(other).descend(tasks().problem, tasks().start, 2)


def test_the_camera_may_stand_anywhere():
    drawn = tasks(3)
    rng = np.random.default_rng(8)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    K = np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]])
    camera = Pinhole(K, (640, 480), turn, np.array([0.1, 0.2, 0.4]))
    pixels = drawn.problem.pixels * 900 + [320, 240]
    elsewhere = replace(drawn.problem, camera=camera, pixels=pixels)
    optimus = PoseOptimus(network(loud=0.3))
    here = optimus.descend(drawn.problem, drawn.start, 5)
    there = optimus.descend(elsewhere, from_level(camera, drawn.start), 5)
    np.testing.assert_allclose(there.history, here.history, rtol=1e-5)
    np.testing.assert_allclose(elsewhere.value(there.x), there.value, rtol=1e-6)


def test_a_camera_that_moves_within_a_run_is_refused():
    drawn = tasks(2, 3)
    problem, start = problem_of(drawn)
    turns = Rotation.from_rotvec(np.linspace(0, 0.5, 6)[:, None] * [0.0, 0.0, 1.0]).as_matrix()
    lens = level_camera()
    moves = Onlookers(lens, lens.axes @ turns, np.zeros((6, 3)))
    stands = Onlookers(lens, lens.axes @ turns[[1, 1, 1, 4, 4, 4]], np.zeros((6, 3)))
    optimus = PoseOptimus(network(loud=0.3))
    with pytest.raises(InputError, match="moves within a run"):
        optimus.descend(replace(problem, frames=replace(drawn.problem, camera=moves)), start, 4)
    there = from_level(stands, drawn.start).reshape(start.shape)
    found = optimus.descend(replace(problem, frames=replace(drawn.problem, camera=stands)), there, 4)
    np.testing.assert_allclose(found.history, optimus.descend(problem, start, 4).history, rtol=1e-5)


def test_a_training_begins_from_weights_and_says_what_they_lack(tmp_path):
    made = network(loud=0.1)
    files.save(made, tmp_path / "made.safetensors")
    told: list[str] = []
    settings = TrainingSettings(tasks="poses", steps=1, frames=3, start=str(tmp_path / "made.safetensors"))
    training = PoseTraining(settings, tmp_path / "runs", SOURCE, SOURCE, told.append)
    assert all(np.array_equal(training.mean[name].numpy(), value) for name, value in made.weights.items())
    assert "0.along.norm.c" in told[0] and "0.within.norm.c" not in told[0] and set(training.mean) > set(made.weights)
    with pytest.raises(ModelError, match="not of Optimus on poses"):
        PoseTraining(replace(settings, start=str(find("adafactor"))), tmp_path / "other", SOURCE, SOURCE)


def test_lines_that_a_killed_training_left_in_its_log_are_passed_over(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 1}\n[1]\n{"loss": 2}\n{"step": 9}\n{"st')
    cut_log(tmp_path, 5, 0)
    assert log.read_text() == '{"step": 1}\n'


def test_weights_by_name_or_by_file(tmp_path, monkeypatch):
    files.save(network(), tmp_path / "made.safetensors")
    ship(tmp_path / "made.safetensors", "mine", "train", tmp_path)
    monkeypatch.setattr(Shelf, "folder", tmp_path)
    assert PoseOptimus.load("mine").network is not None
    with pytest.raises(InputError, match="choose one of mine, a"):
        PoseOptimus.load("yours")
    with pytest.raises(InputError, match="no such file"):
        PoseOptimus.load(str(tmp_path / "no.safetensors"))
    (tmp_path / "mine.safetensors").write_bytes(b"damage")
    with pytest.raises(ModelError, match="damaged"):
        PoseOptimus.load("mine")
    (tmp_path / "mine.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        PoseOptimus.load("mine")
    with pytest.raises(ModelError):
        ship(tmp_path / "mine.safetensors", "mine", "train", tmp_path)


HAND = """<mujoco><worldbody><body pos="0 0 .3"><joint type="hinge" axis="0 0 1" range="-60 60"/>{free}
<geom size=".02"/><site name="palm"/><site name="side" pos=".05 0 0"/><body pos="0 0 .1">
<joint type="hinge" axis="1 0 0" range="-80 80"/><geom size=".02"/><site name="finger" pos="0 .02 .1"/>
<site name="tip" pos=".03 0 .2"/></body></body></worldbody></mujoco>"""


@pytest.mark.parametrize("free", [False, True])
def test_a_model_of_ones_own_is_trained_on(tmp_path, free):
    path = tmp_path / "hand.xml"
    text = HAND.format(free="")
    path.write_text(text.replace('<joint type="hinge" axis="0 0 1" range="-60 60"/>', "<freejoint/>") if free else text)
    training = PoseTraining(TrainingSettings(tasks="poses", steps=2, model=str(path)), tmp_path / "made")
    training.run()
    optimus = PoseOptimus.load(str(tmp_path / "made" / "weights.safetensors"))
    drawn = ModelPoses.read(path).draw(5, np.random.default_rng(0))
    found = optimus.descend(drawn.problem, drawn.start, 12)
    assert (found.value <= drawn.problem.value(drawn.start)).all()
    assert drawn.errors(drawn.truth)[0].max() < 0.0101
    runs = ModelPoses.read(path).draw(2, np.random.default_rng(0), 3)
    assert len(runs.problem) == 6 and len(runs.part(np.array([1])).problem) == 3


def test_models_that_cannot_be_used_are_refused(tmp_path):
    path = tmp_path / "x.xml"
    with pytest.raises(InputError, match="no such file"):
        ModelPoses.read(path)
    path.write_text("<mujoco><nothing/></mujoco>")
    with pytest.raises(InputError, match="cannot read"):
        ModelPoses.read(path)


REFUSED = {
    "no joints": '<body><geom size=".1"/></body>',
    "mesh": '<body><joint/><geom type="mesh" mesh="gone"/></body>',
    "2 bodies without a parent": '<body><joint/><geom size=".1"/><site name="a"/></body><body><geom size=".1"/></body>',
    "no named sites": '<body><joint/><geom size=".1"/><site/></body>',
    "at most 0 m apart": '<body><joint/><geom size=".1"/><site name="a" pos="1 0 0"/></body>',
    "at most 0.014 m apart": '<body><joint/><geom size=".1"/><site name="a" pos=".01 0 0"/>'
    '<site name="b" pos="0 .01 0"/></body>',
    "no joint moves": '<site name="a"/><site name="b" pos="1 0 0"/><body><joint/><geom size=".1"/></body>',
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_model_that_teaches_nothing_is_refused_by_its_name(said, tmp_path):
    path = tmp_path / "x.xml"
    path.write_text(f"<mujoco><worldbody>{REFUSED[said]}</worldbody></mujoco>")
    with pytest.raises((InputError, ModelError), match=rf"x\.xml.*{said}"):
        ModelPoses.read(path)


LINK = '<body pos=".3 0 0"><joint {joint}/><geom size=".02"/><site name="tip" pos=".1 0 .2"/><site name="b"/></body>'
KINDS = {
    "balls": ('<joint type="ball"/>', 'type="ball"'),
    "slides": ('<joint type="slide" axis="1 0 0"/>', 'type="slide" axis="0 1 0" range="-.2 .2"'),
    "a key out of range": ("<freejoint/>", 'axis="0 1 0" range="-10 10"'),
    "no link that moves": ("<freejoint/>", None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_models_of_any_joints_are_posed_and_trained_on(kind, tmp_path):
    root, joint = KINDS[kind]
    path = tmp_path / "x.xml"
    link = "" if joint is None else LINK.format(joint=joint)
    key = '<keyframe><key qpos="0 0 1 1 0 0 0 2"/></keyframe>' if "key" in kind else ""
    path.write_text(
        f'<mujoco><worldbody><body>{root}<geom size=".02"/><site name="a" pos=".1 0 0"/><site name="c" pos="0 .2 0"/>'
        f"{link}</body></worldbody>{key}</mujoco>"
    )
    training = PoseTraining(TrainingSettings(tasks="poses", steps=1, model=str(path), frames=3), tmp_path / "made")
    assert np.isfinite(training._advance(0.0)["gradient"])
    drawn = ModelPoses.read(path).draw(6, np.random.default_rng(0))
    found = PoseOptimus(training.network()).descend(drawn.problem, drawn.start, 12)
    assert np.median(found.value / drawn.problem.value(drawn.start)) < 0.1


@pytest.mark.parametrize("root", ["", "<freejoint/>"])
def test_what_ones_own_camera_saw_of_a_model_is_fitted(root, tmp_path):
    path = tmp_path / "x.xml"
    link = LINK.format(joint='range="-80 80" axis="0 1 0"')
    path.write_text(
        f'<mujoco><worldbody><body pos="0 0 .4">{root}<geom size=".02"/><site name="a" pos=".2 0 0"/>'
        f'<site name="c" pos="0 .2 0"/>{link}</body></worldbody></mujoco>'
    )
    poses = ModelPoses.read(path)
    qpos = poses.articulation.moved(poses.articulation.rest, np.array([[*[0.2] * 6 * bool(root), 0.7]]))
    K = np.array([[800.0, 0, 320], [0, 800, 240], [0, 0, 1]])
    camera = Pinhole(K, (640, 480), LEVEL, -LEVEL @ [0.1, -1.5, 0.5])
    problem, start = poses.seen(
        camera, camera.project(pose(poses.articulation.model, qpos).at(poses.articulation.points))
    )
    found = descend(problem, start, 25)
    np.testing.assert_allclose(found.x, qpos, atol=0.02)
    drawn = poses.draw(3, np.random.default_rng(0))
    problem, start = poses.seen(drawn.problem.camera, drawn.problem.pixels)
    assert np.array_equal(start, drawn.start) and np.array_equal(problem.depth, drawn.problem.depth)


def test_a_small_model_with_a_free_root_begins_near_the_camera(tmp_path):
    path = tmp_path / "hand.xml"
    path.write_text(
        '<mujoco><worldbody><body><freejoint/><geom size=".01"/><site name="a" pos=".05 0 0"/>'
        '<site name="b" pos="0 .05 0"/><site name="c" pos="0 0 .1"/></body></worldbody></mujoco>'
    )
    drawn = ModelPoses.read(path).draw(40, np.random.default_rng(0))
    away = np.linalg.norm(drawn.start[:, :3] - drawn.qpos[:, :3], axis=1)
    assert np.median(away) < 0.15 and drawn.start[:, 1].max() < 1.0  # 3 m away, where a person would be put


def test_trainings_refuse_what_they_do_not_have(tmp_path):
    with pytest.raises(InputError, match="sigma"):
        TrainingSettings(tasks="poses", sigma=0.1)
    with pytest.raises(InputError, match="frames"):
        TrainingSettings(frames=5)
    with pytest.raises(InputError, match="optimus-no-rank-one"):
        PoseTraining(TrainingSettings(tasks="poses", rule="adafactor"), tmp_path, SOURCE, SOURCE)
