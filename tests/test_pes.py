"""PES on the toy problem of its paper, whose gradient is known, against truncated evolution strategies."""

import math

import pytest
import torch

from motionrecon.research.training.pes import estimate

N, POSITIVE, STEPS, TRUNCATION, SIGMA = 23, 10, 200, 5, 0.05


class InfluenceBalancing:
    """Tallec and Ollivier's problem: a weight that helps at once, and harms in the long run.

    The state s of 23 numbers moves as s <- A s + theta (1, ..., 1, -1, ..., -1), 10 times 1, with 0.5 on the diagonal
    of A and above it; the loss of a step is (s_1 - 1)^2 / 2. What the negative entries do reaches s_1 after ten steps
    or more, and then outweighs the positive ones.
    """

    def __init__(self, particles):
        self.A = 0.5 * (torch.eye(N) + torch.diag(torch.ones(N - 1), 1)).double()
        self.signs = torch.tensor([1.0] * POSITIVE + [-1.0] * (N - POSITIVE)).double()
        self.state = torch.ones(particles, N, dtype=torch.float64)

    def advance(self, theta, steps=TRUNCATION):
        loss = torch.zeros(len(theta), dtype=torch.float64)
        for _ in range(steps):
            self.state = self.state @ self.A.T + theta * self.signs
            loss = loss + 0.5 * (self.state[:, 0] - 1).square()
        return loss / steps


def exact_gradient(theta):
    """Of the mean over the truncations of one unroll, by differentiating through all of it."""
    theta = theta.clone().requires_grad_()
    loss = InfluenceBalancing(1).advance(theta[None], STEPS).sum()
    return torch.autograd.grad(loss, theta)[0].item()


def estimates(theta, pairs, persistent, seed=0):
    """Mean gradient over the truncations of one unroll, from every one of ``pairs`` independent pairs."""
    generator = torch.Generator().manual_seed(seed)
    problem, accumulated = InfluenceBalancing(2 * pairs), torch.zeros(pairs, 1, dtype=torch.float64)
    total = torch.zeros(pairs, dtype=torch.float64)
    for _ in range(STEPS // TRUNCATION):
        losses = []
        found = estimate(
            theta,
            accumulated,
            lambda particles, losses=losses: losses.append(problem.advance(particles)) or losses[0],
            SIGMA,
            generator,
            persistent,
        )
        accumulated = found.accumulated
        plus, minus = losses[0].chunk(2)
        each = (plus - minus) * accumulated[:, 0] / (2 * SIGMA**2)
        torch.testing.assert_close(found.gradient.item(), each.mean().item())
        total += each
    return total / (STEPS / TRUNCATION)


@pytest.mark.parametrize("value", [0.5, -0.2])
def test_pes_is_unbiased(value):
    theta = torch.tensor([value], dtype=torch.float64)
    found = estimates(theta, 2000, persistent=True)
    error = found.std().item() / math.sqrt(len(found))
    exact = exact_gradient(theta)
    assert error < 0.1 * abs(exact)
    assert abs(found.mean().item() - exact) < 4 * error


def test_truncated_evolution_strategies_are_biased_even_in_sign():
    theta = torch.tensor([0.5], dtype=torch.float64)
    found = estimates(theta, 2000, persistent=False)
    error = found.std().item() / math.sqrt(len(found))
    exact = exact_gradient(theta)
    assert abs(found.mean().item() - exact) > 10 * error
    assert found.mean().item() * exact < 0


def descend(persistent, rate, steps=300):
    """Full loss at the end of descent on the toy, particles staggered, from theta = 0.5."""
    generator = torch.Generator().manual_seed(1)
    theta, pairs = torch.tensor([0.5], dtype=torch.float64), 16
    slots = [(InfluenceBalancing(2 * pairs), TRUNCATION * i) for i in range(0, STEPS // TRUNCATION, 10)]
    slots = [[problem, taken, torch.zeros(pairs, 1, dtype=torch.float64)] for problem, taken in slots]
    for step in range(steps):
        slot = slots[step % len(slots)]
        if slot[1] >= STEPS:
            slot[:] = [InfluenceBalancing(2 * pairs), 0, torch.zeros(pairs, 1, dtype=torch.float64)]
        found = estimate(theta, slot[2], slot[0].advance, 0.02, generator, persistent)
        slot[1:] = [slot[1] + TRUNCATION, found.accumulated]
        theta = theta - rate * found.gradient.clamp(-1, 1)
    return InfluenceBalancing(1).advance(theta[None], STEPS).item()


def test_pes_descends_where_truncated_evolution_strategies_climb():
    start = InfluenceBalancing(1).advance(torch.tensor([[0.5]], dtype=torch.float64), STEPS).item()
    assert descend(persistent=True, rate=3e-3) < 0.5 * start
    assert descend(persistent=False, rate=3e-3) > start


def test_a_reset_restarts_the_sum_at_the_latest_perturbation():
    generator = torch.Generator().manual_seed(0)
    theta = torch.zeros(5)
    first = estimate(theta, torch.zeros(3, 5), lambda particles: particles.sum(1), 0.1, generator)
    drawn = 0.1 * torch.randn((3, 5), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(first.accumulated, drawn)
    second = estimate(theta, first.accumulated, lambda particles: particles.sum(1), 0.1, generator)
    assert not torch.equal(second.accumulated, first.accumulated)


def test_pairs_with_a_loss_that_is_not_finite_are_left_out():
    theta = torch.zeros(4)

    def truncation(particles):
        loss = particles[:, 0].clone()
        loss[1] = math.nan
        return loss

    found = estimate(theta, torch.zeros(3, 4), truncation, 0.1, torch.Generator().manual_seed(0))
    assert found.valid == pytest.approx(2 / 3)
    kept = found.accumulated[[0, 2]]
    torch.testing.assert_close(found.gradient, (2 * kept[:, :1] * kept).sum(0) / (2 * 0.1**2 * 2))
    assert found.loss.isfinite()
