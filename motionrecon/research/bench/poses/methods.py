"""What is compared on poses, by name; each starts from the same poses and is followed for the same evaluations.

An evaluation is one of the residuals and their Jacobian, taken or refused. What an optimizer evaluates at a point where
it was before is free, and so is a network's own arithmetic, which the table of seconds shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import CAPSULES
from motionrecon.errors import InputError
from motionrecon.optimus.poses.files import SHIPPED
from motionrecon.poses.damped import Damping, Descent, descend
from motionrecon.poses.learned import PoseOptimus, weights_for
from motionrecon.poses.problem import PoseProblem
from motionrecon.poses.runs import RunProblem
from motionrecon.research.bench.poses.peers import Frame, limited_memory_bfgs, minpack, searched, trust_region

#: What the values of a trial cost, in evaluations of residuals and Jacobian (measured: 0.3 to 0.4).
TRIAL = 0.35
#: A run of a method: on a problem from a start, for so many evaluations after it.
Run = Callable[[PoseProblem | RunProblem, Float[np.ndarray, "N ..."], int], Descent]


@dataclass(frozen=True)
class PoseMethod:
    """A method.

    Attributes:
        label: in tables.
        run: it.
        frames: whether it is for single frames only.
    """

    label: str
    run: Run
    frames: bool = False


def methods(weights: dict[str, Path], kind: str = CAPSULES) -> dict[str, PoseMethod]:
    """All methods by name for a kind of body; `weights` are files of trained networks by name, one method each, besides
    those of that kind that come with motionrecon.

    Raises:
        InputError: a name that another method has.
        InputError, ModelError: as `PoseOptimus.load`.
    """
    built_in, shipped = _built_in(kind), weights_for(kind)
    if taken := sorted(weights.keys() & (built_in.keys() | SHIPPED.records().keys())):
        raise InputError(f"weights {taken[0]}=...: a method that comes with motionrecon has this name; give another")
    files = {name: name for name in shipped} | {name: str(path) for name, path in weights.items()}
    learned = {name: PoseMethod(f"Optimus, {name}", PoseOptimus.load(file).descend) for name, file in files.items()}
    return learned | built_in


def _built_in(kind: str) -> dict[str, PoseMethod]:
    """Those without weights of their own."""
    one_step = {}
    if first := weights_for(kind)[:1]:
        one_step["one-step"] = PoseMethod(f"Optimus, {first[0]}, one learned step only", _one_step(first[0]))
    return one_step | {
        "untrained": PoseMethod("the same lines, untrained (the control)", PoseOptimus(None).descend),
        "lm": PoseMethod("Levenberg-Marquardt, tuned", descend),
        "lm-light": PoseMethod("Levenberg-Marquardt, lightly damped", _lightly),
        "lm-search": PoseMethod("LM, search over the damping, Broyden", _each(searched_frame), frames=True),
        "minpack": PoseMethod("MINPACK (SciPy)", _each(_history_of(minpack)), frames=True),
        "trf": PoseMethod("trust region reflective (SciPy)", _each(_history_of(trust_region)), frames=True),
        "lbfgs": PoseMethod("L-BFGS-B (SciPy)", _each(_history_of(limited_memory_bfgs)), frames=True),
    }


def searched_frame(frame: Frame) -> Float[np.ndarray, " evaluations"]:
    """LM with its search, each trial at its price."""
    return searched(frame, TRIAL)


def _one_step(weights: str) -> Run:
    def descended(problem: PoseProblem | RunProblem, start: Float[np.ndarray, "N ..."], steps: int) -> Descent:
        return PoseOptimus.load(weights).descend(problem, start, steps, learned=1)

    return descended


def _lightly(problem: PoseProblem | RunProblem, start: Float[np.ndarray, "N ..."], steps: int) -> Descent:
    return descend(problem, start, steps, Damping(start=0.01))


def _history_of(run: Callable[[Frame], None]) -> Callable[[Frame], Float[np.ndarray, " evaluations"]]:
    def followed(frame: Frame) -> Float[np.ndarray, " evaluations"]:
        run(frame)
        return frame.history()

    return followed


def _each(run: Callable[[Frame], Float[np.ndarray, " evaluations"]]) -> Run:
    """A method for one frame, on one after another."""

    def followed(problem: PoseProblem | RunProblem, start: Float[np.ndarray, "N ..."], steps: int) -> Descent:
        assert isinstance(problem, PoseProblem)
        histories, ends = [], []
        for i in range(len(problem)):
            frame = Frame(problem.part(np.array([i])), start[i : i + 1], steps)
            histories.append(run(frame))
            ends.append(frame.problem.moved(frame.start, frame.best[None])[0])
        history = np.stack(histories)
        return Descent(np.stack(ends), history[:, -1], history, np.full(len(problem), steps + 1))

    return followed
