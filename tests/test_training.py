"""Meta-training: losses of unrolls, both kinds of gradient, checkpoints, and several processes."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from support import HANGS, interrupted, killed

from motionrecon.core.interrupt import Interrupts
from motionrecon.errors import InputError
from motionrecon.optimus.adafactor import AdafactorMLP
from motionrecon.research.training.curves import draw, read_log
from motionrecon.research.training.folder import load_checkpoint
from motionrecon.research.training.rules import RULES, build
from motionrecon.research.training.settings import TrainingSettings
from motionrecon.research.training.tasks import Functions, log_gap
from motionrecon.research.training.train import Training, load_weights
from motionrecon.research.training.unroll import Loss, Particles, detached, run, score, set_weights, weights_of

#: A training of seconds.
SMALL = TrainingSettings(
    rule="adafactor",
    steps=16,
    pes=0.5,
    largest_n=6,
    shortest=6,
    longest=14,
    truncation=4,
    slots=2,
    largest_batch=8,
    pairs=2,
)


@dataclass(frozen=True)
class Bowls:
    """A family of one function, small enough to train on within a test."""

    name: str = "bowls"

    def sample(self, seed, n, P):
        return Functions(names=("sphere", "sum_squares")).sample(seed, n, P)

    def validation(self):
        return {"bowls": (self.sample(1, 3, 16), 20)}


class Lengths(torch.nn.Module):
    """A rule of one weight w: the step is w times the gradient, whatever the units; its x may carry gradients."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([0.01]))

    def begin(self, x, f, g, budget):
        return {"x": x, "g": g, "best_x": x, "best_f": f, "t": torch.ones_like(f)}

    def propose(self, state):
        return state["x"] - self.w.double() * state["g"], state

    def observe(self, state, x, f, g):
        better = f < state["best_f"]
        return {
            "x": x,
            "g": g.detach(),
            "best_x": torch.where(better[:, None], x, state["best_x"]),
            "best_f": torch.where(better, f, state["best_f"]),
            "t": state["t"] + 1,
        }


def episode(n=3, P=8, seed=0, names=("sphere", "rosenbrock")):
    return Functions(names=names).sample(seed, n, P)


def train(folder, settings=SMALL, steps=None, **options):
    """Train for some of the steps that the settings ask for, as a run that is then killed."""
    training = Training(settings, folder, **options)
    if steps is not None:
        return killed(training, steps)
    training.run()
    return training


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training that was never stopped, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    return train(folder, tasks=[Bowls()]), folder


def test_what_may_be_trained_is_what_there_is():
    from motionrecon.research.training import pose_training, rules, window_training
    from motionrecon.research.training.settings import RULES

    assert RULES["functions"] == tuple(rules.RULES) and RULES["poses"] == tuple(pose_training.RULES)
    paper = tuple(name for name in rules.RULES if name.startswith("optimus-paper"))
    assert RULES["physics"] == (*window_training.RULES, *paper)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rule": "nope"}, "rule='nope' is unknown: for tasks=functions, choose from optimus-paper"),
        ({"rule": "optimus"}, "nothing to train"),
        ({"tasks": "poses", "rule": "adafactor"}, "optimus-identity"),
        ({"tasks": "poses", "body": "nope"}, "body=nope is unknown"),
        ({"tasks": "poses", "model": "/nope"}, "no such file"),
        ({"tasks": "poses", "start": "nope"}, "no weights of poses are called"),
        ({"tasks": "physics", "start": "/nope"}, "no such file"),
        ({"tasks": "physics", "frames": 7}, "frames=...: a training with tasks=physics, rule=optimus does not have"),
        ({"tasks": "physics", "rule": "optimus-paper", "frames": 7}, "rule=optimus-paper does not have that"),
        ({"tasks": "poses", "model": "/nope", "body": "anny"}, "give one of them"),
        ({"start": "/nope"}, "no such file"),
    ],
)
def test_a_training_that_cannot_be_is_refused_before_torch_is_there(given, said):
    with pytest.raises(InputError, match=said):
        TrainingSettings(**given)


def test_an_episode_is_the_same_for_the_same_seed_and_mixes_its_functions():
    first, again, other = episode(), episode(), episode(seed=1)
    x = torch.randn(16, 3, dtype=torch.float64)
    assert torch.equal(first.start, again.start)
    assert all(torch.equal(a, b) for a, b in zip(first.value_and_gradient(x), again.value_and_gradient(x), strict=True))
    assert not torch.equal(first.start, other.start)
    f, g = first.value_and_gradient(x)  # two copies of eight problems, one function after the other
    for i in range(16):
        batch = first.batches[i % 2].take([(i % 8) // 2])
        value, gradient = batch.value_and_gradient(x[i : i + 1])
        torch.testing.assert_close(f[i : i + 1], value)
        torch.testing.assert_close(g[i : i + 1], gradient)


def test_the_loss_is_the_mean_of_the_best_gap_so_far():
    problems, rule, steps = episode(names=("sphere",), P=4), Lengths(), 5
    state = problems.begin(rule, 10)
    with torch.no_grad():
        loss, state = run(rule, problems, state, steps, Loss(end=2.0))
    x, minimum = problems.start, problems.minimum
    start = problems.value_and_gradient(x)[0] - minimum
    best, expected = torch.zeros(4, dtype=torch.float64), 0
    for _ in range(steps):
        x = x - 0.01 * problems.value_and_gradient(x)[1]
        gap = (problems.value_and_gradient(x)[0] - minimum) / start
        best = torch.minimum(best, gap.clamp(1e-6, 1e3).log10())
        expected = expected + best / steps
    torch.testing.assert_close(loss, expected + 2 * best, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(score(rule, problems, steps + 1), -best, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("softness", [0.0, 0.3])
def test_back_propagation_is_the_derivative_with_the_gradients_held_fixed(softness):
    """Against differences of a rule that replays the gradients that it saw with the unperturbed weight."""
    problems, rule, loss = episode(names=("sphere",), P=4), Lengths(), Loss(softness, 0.2, 0.5)
    seen = []

    class Replay(Lengths):
        def propose(self, state):
            x = state["x"] - self.w.double() * seen[int(state["t"][0]) - 1]
            return x, state

    class Record(Lengths):
        def propose(self, state):
            seen.append(state["g"])
            return super().propose(state)

    with torch.no_grad():
        run(Record(), problems, problems.begin(rule, 10), 3, loss)
    total, _ = run(rule, problems, problems.begin(rule, 10), 3, loss)
    (gradient,) = torch.autograd.grad(total.mean(), [rule.w])

    def value(w):
        replay = Replay().double()
        replay.w.data.fill_(w)
        with torch.no_grad():
            return run(replay, problems, problems.begin(replay, 10), 3, loss)[0].mean().item()

    w = rule.w.item()
    difference = (value(w + 1e-6) - value(w - 1e-6)) / 2e-6
    assert gradient.item() == pytest.approx(difference, rel=1e-3)


def test_without_carry_a_step_answers_for_itself_only():
    problems, rule, loss = episode(names=("sphere",), P=4), Lengths(), Loss(every=1.0)
    rule.w.data.fill_(1e-7)  # too short to overshoot: what came before matters as much as the last step
    found = {}
    for carry in (0.0, 0.5, 1.0):
        total, _ = run(rule, problems, problems.begin(rule, 10), 4, loss, carry)
        found[carry] = torch.autograd.grad(total.mean(), [rule.w])[0].item()
    alone, state = 0.0, problems.begin(rule, 10)
    for _ in range(4):
        total, state = run(rule, problems, detached(state), 1, loss)
        alone += torch.autograd.grad(total.mean(), [rule.w], retain_graph=True)[0].item() / 4
    assert found[0.0] == pytest.approx(alone, rel=1e-4)
    assert abs(found[0.0]) < abs(found[0.5]) < abs(found[1.0])


def test_gaps_without_an_end_have_no_gradient_and_steep_ones_a_bounded_one():
    x = torch.ones(4, 2, dtype=torch.float64, requires_grad=True)
    f = torch.tensor([math.nan, math.inf, 1.0 + 1e-9, 1e-5 + 1.0], dtype=torch.float64)
    g = torch.tensor([[1.0, 1.0], [math.inf, 1.0], [1.0, 1.0], [3.0, 4.0]]).double()
    found = log_gap(x, torch.zeros_like(x), f, g, torch.ones(4).double(), torch.ones(4).double())
    torch.testing.assert_close(found, torch.tensor([3.0, 3.0, -6.0, -5.0]).double(), rtol=1e-6, atol=0)
    (slope,) = torch.autograd.grad(found.sum(), [x])
    assert (slope[:3] == 0).all()
    torch.testing.assert_close(slope[3], 3.0 / math.sqrt(2) * torch.tensor([0.6, 0.8]).double())


@pytest.mark.parametrize("name", sorted(RULES))
def test_particles_are_copies_of_the_rule_with_their_own_weights(name):
    torch.manual_seed(0)
    rule, problems, copies = build(name), episode(names=("rosenbrock", "ackley")), 2
    theta = weights_of(rule) + 0.02 * torch.randn(copies, len(weights_of(rule)))
    with torch.no_grad():
        many = Particles(rule, theta)
        loss, _ = run(many, problems, problems.begin(many, 12, copies), 3, Loss())
        for i in range(copies):
            set_weights(rule, theta[i])
            alone, _ = run(rule, problems, problems.begin(rule, 12), 3, Loss())
            torch.testing.assert_close(loss[i * problems.P : (i + 1) * problems.P], alone, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("pes", [0.0, 1.0])
def test_every_rule_trains_with_both_kinds_of_gradient(name, pes, tmp_path):
    settings = replace(SMALL, rule=name, pes=pes, steps=4, shortest=12, longest=12, truncation=6)
    training = train(tmp_path, settings, steps=4, tasks=[Bowls()])
    assert training.theta.isfinite().all()
    steps = [line for line in map(json.loads, (tmp_path / "log.jsonl").open()) if "loss" in line]
    assert all(line["loss"] is not None for line in steps)
    assert max(line["gradient"] for line in steps) > 0


@pytest.mark.parametrize("pes", [0.0, 1.0])
def test_a_short_training_beats_the_untrained_rule(pes, tmp_path):
    settings = replace(
        SMALL, steps=60, pes=pes, lr=2e-2, pes_lr=2e-2, truncation=10, shortest=20, longest=20, pairs=8, seed=1
    )
    training = train(tmp_path, settings, tasks=[Bowls()])
    checks = [line["validation"]["bowls"] for line in read_log(tmp_path / "log.jsonl") if "validation" in line]
    assert len(checks) == 9
    assert checks[-1] > checks[0] + 0.3
    assert training.best == max(checks)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("steps", [4, 9])
def test_a_resumed_training_ends_as_one_that_was_never_stopped(steps, tmp_path, whole):
    tasks = [Bowls()]
    whole, folder = whole
    stopped = train(tmp_path / "stopped", steps=steps, tasks=tasks)
    stopped.save()
    train(tmp_path / "stopped", steps=steps + 2, tasks=tasks)  # goes on and is killed before its next checkpoint
    resumed = train(tmp_path / "stopped", tasks=tasks)
    assert torch.equal(whole.theta, resumed.theta) and torch.equal(whole.mean, resumed.mean)
    logs = [read_log(path / "log.jsonl") for path in (folder, tmp_path / "stopped")]
    clocks = ("seconds", "cpu_seconds")
    without = [[{k: v for k, v in line.items() if k not in clocks} for line in log] for log in logs]
    assert without[0] == without[1]


def test_a_training_says_what_it_has_learned(tmp_path):
    training = train(tmp_path / "a", steps=3, tasks=[Bowls()])
    log = tmp_path / "a" / "log.jsonl"
    assert training.summary().startswith("validation went from ")
    checks = [json.dumps({"step": i, "validation": {"bowls": value}}) for i, value in enumerate((2.0, 3.0, 1.0))]
    log.write_text("\n".join(checks))
    assert training.summary() == "validation went from 2.000 to 1.000 decades, so this has learned nothing"
    log.write_text("\n".join(checks[:2]))
    assert training.summary() == "validation went from 2.000 to 3.000 decades"
    with pytest.raises(InputError, match=r"log\.jsonl is a file"):
        Training(SMALL, log, tasks=[Bowls()])


def test_ctrl_c_loses_nothing(tmp_path, whole):
    tasks, said, whole = [Bowls()], [], whole[0]
    interrupted(Training(SMALL, tmp_path / "stopped", tasks=tasks, say=said.append), steps=3)
    assert "the same command goes on" in said[-1]
    resumed = Training(SMALL, tmp_path / "stopped", tasks=tasks)
    assert resumed.step == 4
    resumed.run()
    assert torch.equal(whole.theta, resumed.theta) and torch.equal(whole.mean, resumed.mean)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_a_validation_loses_nothing_and_the_same_object_may_go_on(tmp_path, whole):
    tasks, whole = [Bowls()], whole[0]
    training = Training(SMALL, tmp_path / "stopped", tasks=tasks)
    validate = training._validate

    def hit():
        training._validate = validate
        os.kill(os.getpid(), signal.SIGINT)
        return validate()

    training._validate = hit
    with pytest.raises(KeyboardInterrupt):
        training.run()
    assert training.step == 0 and training.validations == 1
    training.run()
    assert torch.equal(whole.theta, training.theta)


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    training = Training(SMALL, tmp_path, tasks=[Bowls()])

    def hit(done):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")

    training._advance = hit
    with pytest.raises(KeyboardInterrupt):
        training.run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_under_the_command_ends_a_training_too(tmp_path):
    """The command has taken Ctrl-C over before the training does."""
    training = Training(replace(SMALL, steps=6), tmp_path, [Bowls()])
    found = Interrupts()
    with found.watched():
        ours = signal.getsignal(signal.SIGINT)
        interrupted(training, 2)
        assert training.step == 3 and (tmp_path / "checkpoint.safetensors").exists()
        assert signal.getsignal(signal.SIGINT) == ours
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_training_runs_in_a_thread_and_leaves_a_handler_alone(tmp_path):
    training = Training(replace(SMALL, steps=1), tmp_path / "thread", tasks=[Bowls()])
    thread = threading.Thread(target=training.run)
    thread.start()
    thread.join()
    assert training.step == 1
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ignoring = Training(replace(SMALL, steps=2), tmp_path / "ignoring", tasks=[Bowls()])
        advance = ignoring._advance
        ignoring._advance = lambda done: (os.kill(os.getpid(), signal.SIGINT), advance(done))[1]
        ignoring.run()
        assert ignoring.step == 2
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_stages_change_at_their_exact_step(tmp_path):
    train(tmp_path, replace(SMALL, steps=10, pes=0.3), tasks=[Bowls()])
    stages = [line["stage"] for line in read_log(tmp_path / "log.jsonl") if "stage" in line]
    assert stages == 7 * ["backprop"] + 3 * ["pes"]


def test_a_training_does_not_resume_with_other_settings_or_a_broken_checkpoint(tmp_path):
    train(tmp_path, steps=1).save()
    with pytest.raises(InputError, match="other settings \\(lr\\)"):
        Training(replace(SMALL, lr=2e-3), tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"rubbish")
    with pytest.raises(InputError, match="no checkpoint"):
        Training(SMALL, tmp_path)


@pytest.mark.parametrize(
    "settings",
    [TrainingSettings(), TrainingSettings(tasks="physics"), TrainingSettings(tasks="physics", rule="optimus-paper")],
    ids=lambda settings: settings.rule,
)
@pytest.mark.parametrize("then", ["capsules", None])
def test_a_training_resumes_whatever_an_older_version_said_of_bodies_that_it_does_not_have(settings, then, tmp_path):
    kept = {key: value for key, value in (asdict(settings) | {"body": then}).items() if value is not None}
    about = {"facts": json.dumps({"step": 3}), "settings": json.dumps(kept)}
    save_file({"theta": torch.zeros(1)}, tmp_path / "checkpoint.safetensors", about)
    facts, _ = load_checkpoint(tmp_path / "checkpoint.safetensors", settings)
    assert facts == {"step": 3}


def test_weights_are_saved_as_the_rule_loads_them(tmp_path):
    training = train(tmp_path, steps=1)
    training.save()
    rule = AdafactorMLP()
    load_weights(rule, tmp_path / "weights.safetensors")
    assert torch.equal(weights_of(rule), training.mean)
    assert set(load_file(tmp_path / "best.safetensors")) == set(rule.state_dict())
    with pytest.raises(InputError, match="does not hold weights of AdafactorMLP"):
        load_weights(rule, tmp_path / "checkpoint.safetensors")
    with pytest.raises(InputError, match="does not hold weights of AdafactorMLP"):
        load_weights(rule, tmp_path / "nowhere.safetensors")


def test_a_batch_whose_loss_is_not_finite_changes_nothing(tmp_path):
    training = Training(SMALL, tmp_path)
    training._advance(0.0)
    before = training.theta.detach().clone()
    training._by_backprop = lambda slot, count: (torch.full_like(before, math.nan), math.nan)
    at = training.step % SMALL.slots
    line = training._advance(0.0)
    assert line["loss"] is None and torch.equal(before, training.theta)
    assert training.slots[at].taken == training.slots[at].until


def test_dimensions_and_lengths_grow(tmp_path):
    training = Training(replace(SMALL, largest_n=100, longest=500), tmp_path)
    training.stage = "backprop"
    early = [training._slot(0.0) for _ in range(30)]
    late = [training._slot(1.0) for _ in range(60)]
    assert max(slot.n for slot in early) <= 10 and max(slot.budget for slot in early) <= 50
    assert max(slot.n for slot in late) > 50 and max(slot.budget for slot in late) > 250


@pytest.mark.parametrize(
    "wrong", [{"minutes": 1.0}, {"steps": 0}, {"pes": 1.5}, {"smallest_n": 9}, {"rule": "sgd"}, {"tasks": "chess"}]
)
def test_wrong_settings_are_refused(wrong, tmp_path):
    with pytest.raises(InputError):
        Training(replace(SMALL, **wrong), tmp_path)


def test_a_folder_without_a_log_has_no_curves(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        draw(tmp_path)


TWO = """
import os, sys
from pathlib import Path
import torch
from torch import distributed as dist
sys.path.insert(0, sys.argv[2])
from test_training import SMALL, Bowls, replace
from motionrecon.research.training.train import Training

training = Training(replace(SMALL, steps=2), Path(sys.argv[1]), [Bowls()])
training.run()
mine = training.theta.detach().clone()
other = [torch.zeros_like(mine) for _ in range(2)]
dist.all_gather(other, mine)
assert torch.equal(*other), "the processes have different weights"
joined = training._averaged(torch.full((3,), float(training.rank + 1)), True)
assert torch.equal(joined, torch.full((3,), 1.5)), joined
alone = training._averaged(torch.full((3,), float(training.rank)), training.rank == 1)
assert torch.equal(alone, torch.ones(3)), alone
seeds = torch.tensor([slot.seed % 2**31 for slot in training.slots])
both = [torch.zeros_like(seeds) for _ in range(2)]
dist.all_gather(both, seeds)
assert not torch.equal(*both), "the processes have the same tasks"
training.close()
assert not dist.is_initialized()
# torch's threads may abort the interpreter's own end (pytorch issue 190489), which is not what is tested here
os._exit(0)
"""


def test_two_processes_average_their_gradients(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = os.path.dirname(__file__)
    common = {
        **os.environ,
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", TWO, str(tmp_path), here],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=HANGS)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)
    assert (tmp_path / "checkpoint.safetensors").exists() and (tmp_path / "checkpoint-1.safetensors").exists()
