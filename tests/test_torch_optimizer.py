"""Optimus as a torch optimizer: one closure a step, the best point in the parameters, exact resume."""

import copy
import io
import math

import pytest
import torch
from torch import nn

from motionrecon.errors import InputError
from motionrecon.optimus import Optimus

pytestmark = pytest.mark.usefixtures("optimus_weights")


class Problem:
    """A regression with a small network, whose closure counts its calls."""

    def __init__(self, dtype=torch.float64, device="cpu", seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(40, 3, generator=generator, dtype=torch.float64).to(device, dtype)
        self.y = self.x.prod(1, keepdim=True)
        self.model = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 1)).to(device, dtype)
        with torch.no_grad():
            for p in self.model.parameters():
                p.copy_(0.5 * torch.randn(p.shape, generator=generator, dtype=torch.float64))
        self.calls, self.fail = 0, set()

    def loss(self):
        return (self.model(self.x) - self.y).square().mean()

    def closure(self):
        self.calls += 1
        for p in self.model.parameters():
            p.grad = None
        loss = self.loss()
        if self.calls in self.fail:
            loss = loss * math.nan
        loss.backward()
        return loss

    def vector(self):
        return torch.cat([p.detach().reshape(-1) for p in self.model.parameters()])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_it_trains_a_network_and_keeps_the_best(dtype):
    problem = Problem(dtype)
    optimizer = Optimus(problem.model.parameters(), evaluations=60)
    assert optimizer.best_loss == math.inf
    start, losses = problem.loss().item(), []
    for step in range(60):
        loss = optimizer.step(problem.closure)
        losses.append(loss.item())
        assert problem.calls == step + 1
        assert optimizer.best_loss == min(losses)
        with torch.no_grad():
            assert problem.loss().item() == optimizer.best_loss
    assert losses[0] == start
    assert min(losses) < 0.1 * start
    assert all(p.dtype == dtype for p in problem.model.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_resume_is_exact(dtype):
    unbroken = Problem(dtype)
    optimizer = Optimus(unbroken.model.parameters(), evaluations=40)
    for _ in range(15):
        optimizer.step(unbroken.closure)
    file = io.BytesIO()
    torch.save({"model": unbroken.model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    losses = [optimizer.step(unbroken.closure).item() for _ in range(25)]

    file.seek(0)
    saved = torch.load(file)  # with weights_only, so nothing but tensors and plain values
    resumed = Problem(dtype, seed=0)
    again = Optimus(resumed.model.parameters(), evaluations=40)
    resumed.model.load_state_dict(saved["model"])
    again.load_state_dict(saved["optimizer"])
    assert [again.step(resumed.closure).item() for _ in range(25)] == losses
    assert torch.equal(resumed.vector(), unbroken.vector())


def test_a_copy_goes_the_same_way():
    problem = Problem()
    optimizer = Optimus(problem.model.parameters())
    for _ in range(5):
        optimizer.step(problem.closure)
    twin, twin_optimizer = copy.deepcopy((problem, optimizer))
    a = [optimizer.step(problem.closure).item() for _ in range(5)]
    b = [twin_optimizer.step(twin.closure).item() for _ in range(5)]
    assert a == b


def test_it_goes_where_minimize_goes():
    from motionrecon import minimize

    target = torch.linspace(-1, 2, 7, dtype=torch.float64)

    def fun(x):
        return (x - target).pow(4).sum() + (x[1:] - x[:-1]).square().sum()

    x = nn.Parameter(torch.zeros(7, dtype=torch.float64))
    optimizer = Optimus([x], evaluations=30)

    def closure():
        optimizer.zero_grad()
        loss = fun(x)
        loss.backward()
        return loss

    for _ in range(30):
        optimizer.step(closure)
    result = minimize(fun, torch.zeros(7, dtype=torch.float64), "optimus", max_evaluations=30)
    torch.testing.assert_close(x.detach(), result.x, rtol=0, atol=0)
    assert optimizer.best_loss == result.fun


def test_groups_unused_and_frozen_parameters():
    used, unused = nn.Parameter(torch.ones(3)), nn.Parameter(torch.full((2, 2), 5.0))
    frozen = nn.Parameter(torch.full((4,), 7.0), requires_grad=False)
    optimizer = Optimus([{"params": [frozen, used]}, {"params": [unused]}], evaluations=20)

    def closure():
        optimizer.zero_grad()
        loss = (used - 3).square().sum() + 0 * frozen.sum()
        loss.backward()
        return loss.item()  # a plain number will do

    for _ in range(20):
        assert isinstance(optimizer.step(closure), float)
    torch.testing.assert_close(used.detach(), torch.full((3,), 3.0), atol=1e-3, rtol=0)
    assert (unused == 5).all() and (frozen == 7).all()
    late = nn.Parameter(torch.zeros(2))
    optimizer.add_param_group({"params": [late]})
    optimizer.step(closure)
    assert optimizer.state["optimus"]["search.best_x"].shape == (1, 9)


def test_losses_that_fail_are_not_kept():
    problem = Problem()
    problem.fail = {2, 5, 6}
    optimizer = Optimus(problem.model.parameters(), evaluations=30)
    start = problem.loss().item()
    for _ in range(30):
        optimizer.step(problem.closure)
        assert math.isfinite(optimizer.best_loss) and problem.vector().isfinite().all()
    assert optimizer.best_loss < 0.5 * start


def test_a_closure_that_raises_leaves_the_best_and_the_run():
    problem, twin = Problem(), Problem()
    optimizers = [Optimus(p.model.parameters()) for p in (problem, twin)]
    for _ in range(5):
        for p, optimizer in zip((problem, twin), optimizers, strict=True):
            optimizer.step(p.closure)
    before = problem.vector()

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimizers[0].step(interrupted)
    assert torch.equal(problem.vector(), before)
    assert optimizers[0].step(problem.closure) == optimizers[1].step(twin.closure)


def test_parameters_changed_from_outside_begin_a_new_run():
    problem = Problem()
    optimizer = Optimus(problem.model.parameters())
    for _ in range(5):
        optimizer.step(problem.closure)
    with torch.no_grad():
        problem.model[0].bias += 1
    here = problem.loss().item()
    assert here > optimizer.best_loss
    assert optimizer.step(problem.closure).item() == here == optimizer.best_loss


def test_refusals():
    x = nn.Parameter(torch.zeros(3))
    with pytest.raises(InputError, match=r"5000 unknowns.*limit=4000.*6\.2 GB"):
        Optimus([nn.Parameter(torch.zeros(5000))])
    with pytest.raises(InputError, match=r"limit=2\)"):
        Optimus([x], limit=2)
    with pytest.raises(InputError, match=r"dtype torch\.complex64"):
        Optimus([nn.Parameter(torch.zeros(2, dtype=torch.complex64))])
    with pytest.raises(InputError, match="none of the parameters requires a gradient"):
        Optimus([nn.Parameter(torch.zeros(2), requires_grad=False)])
    with pytest.raises(InputError, match="plan at least 1"):
        Optimus([x], evaluations=0)
    optimizer = Optimus([x])
    with pytest.raises(InputError, match=r"call step\(closure\)"):
        optimizer.step()
    with pytest.raises(InputError, match="returned None"):
        optimizer.step(lambda: None)
    with pytest.raises(InputError, match=r"shape \(2,\)"):
        optimizer.step(lambda: torch.zeros(2))
    with pytest.raises(InputError, match="loss at the start is nan"):
        optimizer.step(lambda: math.nan)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_and_from_there_to_the_cpu():
    problem = Problem(torch.float32, "cuda")
    optimizer = Optimus(problem.model.parameters(), evaluations=40)
    start = problem.loss().item()
    for _ in range(20):
        optimizer.step(problem.closure)
    assert optimizer.best_loss < 0.5 * start
    assert optimizer.state["optimus"]["search.B"].is_cuda
    cpu = Problem(torch.float32)
    cpu.model.load_state_dict(problem.model.state_dict())
    other = Optimus(cpu.model.parameters(), evaluations=40)
    other.load_state_dict(optimizer.state_dict())
    before = other.best_loss
    for _ in range(5):
        other.step(cpu.closure)
    assert other.best_loss <= before and not other.state["optimus"]["search.B"].is_cuda


def test_a_closure_without_backward_is_refused():
    x = torch.nn.Parameter(torch.ones(3))
    with pytest.raises(InputError, match="backward"):
        Optimus([x], evaluations=5).step(lambda: (x**2).sum())


def test_a_state_of_an_earlier_version_is_refused():
    x = torch.nn.Parameter(torch.ones(3))
    optimizer = Optimus([x], evaluations=5)
    saved = optimizer.state_dict()
    saved["state"]["optimus"] = {"best_x": torch.ones(1, 3), "best_f": torch.ones(1)}
    optimizer.load_state_dict(saved)
    with pytest.raises(InputError, match="another version of motionrecon: begin anew"):
        optimizer.step(lambda: (x**2).sum())
