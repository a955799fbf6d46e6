"""Optimus as a :class:`torch.optim.Optimizer`, for the parameters of any small torch problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from motionrecon.errors import InputError
from motionrecon.optimus.limit import LIMIT, check_unknowns
from motionrecon.optimus.rule import OptimusRule
from motionrecon.optimus.state import RuleState

#: The key of the run in ``Optimizer.state``. A key that is no parameter keeps torch from casting what is under it.
RUN: Any = "optimus"


class Optimus(torch.optim.Optimizer):
    """Optimus on built-in rules: every ``step(closure)`` evaluates the closure once, at a point that it chose.

    >>> x = torch.nn.Parameter(torch.zeros(10, dtype=torch.float64))
    >>> optimizer = Optimus([x], evaluations=100)  # doctest: +SKIP
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (x - 1).square().sum()
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(100):  # doctest: +SKIP
    ...     optimizer.step(closure)

    **After every step the parameters hold the best point found so far**, whose loss is ``best_loss``, so they can be
    read or saved at any time. ``step`` returns the loss at the point that it tried, which need not be the best;
    gradients left in ``grad`` are of that point too. The first step evaluates the parameters as they are. If someone
    else changes the parameters between steps, the run begins anew from there.

    The loss must be a function of the parameters alone: the whole data set in every evaluation, no dropout, since a
    lucky batch would be taken for a better point. A loss or gradient that is not finite is a step that failed.

    All parameters of all groups are one vector of n unknowns in float64; they may differ in shape and dtype, and lie
    on a CPU or on CUDA devices. The memory grows with n^2, the time of a step too.

    ``state_dict`` and ``load_state_dict``, with the model's own, resume a run exactly.

    Args:
        params: parameters or groups of them, as torch has it. There are no options by group.
        evaluations: the steps planned, which decide how much Optimus looks around; a run may be longer or shorter.
        limit: unknowns at most.

    Raises:
        InputError: for more unknowns than ``limit``, with the memory they would take; for complex
            parameters.
    """

    def __init__(
        self,
        params: Iterable[Any],
        evaluations: int = 1000,
        *,
        limit: int = LIMIT,
    ) -> None:
        if evaluations < 1:
            raise InputError(f"evaluations is {evaluations}: plan at least 1")
        self._rule = OptimusRule()
        self._evaluations, self._limit = evaluations, limit
        super().__init__(params, {})
        if not self._parameters():
            raise InputError("none of the parameters requires a gradient: there is nothing to optimize")

    @property
    def best_loss(self) -> float:
        """The lowest loss so far, that of the parameters as they are between steps; inf before the first step."""
        run = self.state.get(RUN)
        return float(run["search.best_f"][0]) if run else float("inf")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Evaluate ``closure`` once, at the next point.

        Args:
            closure: clears the gradients, computes the loss, calls ``backward`` on it and returns it.

        Returns:
            What ``closure`` returned.

        Raises:
            InputError: without a closure; for a loss that is not finite at the start; for a loss that is not a number,
                or on which ``backward`` was not called.
        """
        if closure is None:
            raise InputError("Optimus evaluates the loss itself: call step(closure), as with torch.optim.LBFGS")
        with torch.no_grad():
            run = self._current()
            if run is None:
                return self._begin(closure)
            x, proposed = self._rule.propose(run)
            try:
                self._write(torch.from_numpy(x[0]))
                tried = self._read()  # as rounded to the parameters' precision
                loss, f, g = self._evaluate(closure, tried)
                self._keep(self._rule.observe(proposed, tried[None].numpy(), f, g))
            finally:  # also where the closure raises
                self._write(self.state[RUN]["search.best_x"][0])
        return loss

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters; the run begins anew with them."""
        super().add_param_group(param_group)
        self.state.pop(RUN, None)
        self._check()

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: self.__dict__[name] for name in ("_rule", "_evaluations", "_limit")}
        return super().__getstate__() | kept

    def _begin(self, closure: Callable[[], Any]) -> Any:
        x = self._read()
        loss, f, g = self._evaluate(closure, x)
        if not (np.isfinite(f).all() and np.isfinite(g).all()):
            raise InputError(
                f"the loss at the start is {f.item():g}, {int(np.isfinite(g).sum())} of its {g.size} gradients are "
                "finite: start where both are finite"
            )
        self._keep(self._rule.begin(x[None].numpy(), f, g, self._evaluations))
        return loss

    def _keep(self, run: RuleState) -> None:
        """Under the parameters' state, as tensors: what ``state_dict`` saves."""
        self.state[RUN] = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in run.arrays()}

    def _current(self) -> RuleState | None:
        """The run, or None where there is none from the parameters as they are."""
        run, x = self.state.get(RUN), self._read()
        if not run:
            return None
        if "search.best_x" not in run:
            raise InputError("the state loaded into Optimus is of another version of motionrecon: begin anew")
        best = run["search.best_x"][0].to(x.device)
        if best.shape != x.shape or not torch.equal(best, x):
            return None
        return RuleState.from_arrays({name: tensor.cpu().numpy() for name, tensor in run.items()})

    def _evaluate(self, closure: Callable[[], Any], x: Tensor) -> tuple[Any, np.ndarray, np.ndarray]:
        """What ``closure`` returns, the loss (1,) and the gradient (1, n) at the parameters, which are ``x`` (n,)."""
        with torch.enable_grad():
            loss = closure()
        value = torch.as_tensor(float("nan") if loss is None else loss).detach().to(x)
        if loss is None or value.numel() != 1:
            found = "None" if loss is None else f"a tensor of shape {tuple(value.shape)}"
            raise InputError(f"the closure returned {found}: it must return the loss, one number")
        if value.isfinite() and all(p.grad is None for p in self._parameters()):
            raise InputError("no parameter has a gradient after the closure: it must call backward on the loss")
        parts = [
            (torch.zeros_like(p) if p.grad is None else p.grad.to_dense() if p.grad.is_sparse else p.grad)
            for p in self._parameters()
        ]
        g = torch.cat([part.detach().reshape(-1).to(x) for part in parts])
        return loss, value.reshape(1).numpy(), g[None].numpy()

    def _parameters(self) -> list[nn.Parameter]:
        return [p for group in self.param_groups for p in group["params"] if p.requires_grad]

    def _read(self) -> Tensor:
        """The parameters as one vector (n,) of float64 on the CPU."""
        return torch.cat([p.detach().reshape(-1).to("cpu", torch.float64) for p in self._parameters()])

    def _write(self, x: Tensor) -> None:
        place = 0
        for p in self._parameters():
            p.copy_(x[place : place + p.numel()].reshape(p.shape))
            place += p.numel()

    def _check(self) -> None:
        parameters = self._parameters()
        if odd := [p for p in parameters if not p.is_floating_point()]:
            raise InputError(f"a parameter has dtype {odd[0].dtype}: Optimus takes real floating-point ones")
        check_unknowns(sum(p.numel() for p in parameters), self._limit)
