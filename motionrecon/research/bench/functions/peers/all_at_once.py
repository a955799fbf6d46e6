"""Gradient descent, momentum, Adam: all instances and several rates at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from motionrecon.optimizers import registry
from motionrecon.optimizers.adam import Moments
from motionrecon.optimizers.first_order import FirstOrder
from motionrecon.research.bench.functions.peers.instances import Instances
from motionrecon.research.bench.functions.peers.stopping import GTOL, PROGRESS


def first_order(
    method: str, instances: Instances, budget: int, rates: np.ndarray, patience: np.ndarray | None
) -> np.ndarray:
    """Lowest values so far (K, P, budget) of ``method`` with each of K rates.

    Args:
        method: one of `motionrecon.research.bench.functions.peers.FIRST_ORDER`.
        instances: P of them.
        budget: evaluations, the one at the start included.
        rates: (K,), in half widths of the domain.
        patience: (K,) evaluations without progress before a restart; None for the plain version.
    """
    optimizer = registry.make(method)
    assert isinstance(optimizer, FirstOrder)
    batch = instances.batch
    scale = batch.scale.numpy()[:, None]
    K, P, n = len(rates), batch.P, batch.n
    row = np.arange(P)

    def evaluate(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(over="ignore", invalid="ignore"):
            f, g = batch.value_and_gradient(torch.from_numpy(u * scale))
            value, gradient = f.numpy(), g.numpy() * scale
        bad = ~(np.isfinite(value) & np.isfinite(gradient).all(-1))
        return np.where(bad, np.inf, value), np.where(bad[..., None], 0.0, gradient)

    x = np.broadcast_to(instances.start.numpy() / scale, (K, P, n)).copy()
    rate = np.asarray(rates, dtype=float)[:, None, None]
    best = np.empty((K, P, budget))
    carry: Any = optimizer.fresh(n)
    restarts = np.zeros((K, P), dtype=int)
    anew = np.ones((K, P), dtype=bool)  # rows whose next evaluation is a start
    relative, home, home_relative = np.zeros((3, K, P, n))
    unit, shrink = np.ones((2, K, P, 1))
    first, lowest, mark = np.full((3, K, P), np.inf)  # value of the start, lowest since, lowest at the last progress
    idle = np.zeros((K, P), dtype=int)
    enough = instances.enough()
    for t in range(budget):
        value, gradient = evaluate(x)
        best[..., t] = np.minimum(value, best[..., t - 1]) if t else value
        if (best[..., t] <= enough).all():
            best[..., t:] = best[..., t, None]
            break
        with np.errstate(over="ignore"):
            size = np.sqrt((gradient**2).mean(-1, keepdims=True))
        if anew.any():  # a start: nothing is remembered
            unit = np.where(anew[..., None], np.where(size > 0, size, 1.0), unit)
            shrink = np.where(anew[..., None], 1.0, shrink)
            carry = _forget(carry, anew)
            first, lowest, mark = (np.where(anew, value, a) for a in (first, lowest, mark))
            idle = np.where(anew, 0, idle)
        relative = gradient / unit
        better = (value < lowest) | anew
        lowest = np.where(better, value, lowest)
        home = np.where(better[..., None], x, home)
        home_relative = np.where(better[..., None], relative, home_relative)
        failed = ~np.isfinite(value)
        if failed.any():  # as in motionrecon.optimizers: back to the best, at half the rate
            x = np.where(failed[..., None], home, x)
            relative = np.where(failed[..., None], home_relative, relative)
            shrink = np.where(failed[..., None], shrink / 2, shrink)
            carry = _forget(carry, failed)
        started, anew = anew, np.zeros((K, P), dtype=bool)
        if patience is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                progress = started | (lowest < mark - PROGRESS * (first - lowest))
                still = (relative**2).mean(-1) <= GTOL**2
            mark, idle = np.where(progress, lowest, mark), np.where(progress, 0, idle + 1)
            anew = (idle >= np.asarray(patience)[:, None]) | still
        step, carry = optimizer.descend(relative, carry)
        x = x + rate * shrink * step
        if anew.any():
            for number in np.unique(restarts[anew]):
                chosen = anew & (restarts == number)
                x[chosen] = np.broadcast_to(instances.restart(int(number))[row], (K, P, n))[chosen]
            restarts += anew
    return best


def _forget(carry: Any, rows: np.ndarray) -> Any:
    """``carry`` of a first-order method, with that of the ``rows`` (K, P) as before the first step."""
    mask = rows[..., None]
    if isinstance(carry, Moments):
        count: Any = np.where(mask, 0, carry.count)
        return Moments(np.where(mask, 0.0, carry.first), np.where(mask, 0.0, carry.second), count)
    return None if carry is None else np.where(mask, 0.0, carry)
