"""Learned steps to poses: some steps of Optimus first, then damped Gauss-Newton from the best that was reached."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionrecon.body.base import CAPSULES
from motionrecon.errors import InputError
from motionrecon.optimus.poses.files import SHIPPED, PoseNetwork, read
from motionrecon.optimus.poses.network import PoseNetworkSizes, PoseSays, says
from motionrecon.optimus.poses.step import OWN_CHANNELS, scale_of, silent, step_of, tokens_of
from motionrecon.poses import facts
from motionrecon.poses.articulation import Articulation
from motionrecon.poses.damped import USUAL, Damping, Descent, descend, shortened
from motionrecon.poses.level import from_level, level_camera, to_level
from motionrecon.poses.problem import NormalEquations, PoseProblem
from motionrecon.poses.runs import RunProblem

#: The weights for single frames of the capsule person that come with motionrecon.
DEFAULT = "poses"
#: Learned steps that a network is trained for and used with.
LEARNED_STEPS = 3
#: No learned step turns an angle farther, radians.
LONGEST = 3.0


def weights_for(kind: str = CAPSULES) -> tuple[str, ...]:
    """Names of the weights of a kind of body that come with motionrecon, those for single frames first."""
    bodies = {name: json.loads(record["settings"]).get("body", CAPSULES) for name, record in SHIPPED.records().items()}
    return tuple(name for name, body in bodies.items() if body == kind)


def sizes_for(articulation: Articulation, **controls: bool) -> PoseNetworkSizes:
    """The network that poses of a model need; `controls` are switches of `PoseNetworkSizes`."""
    return PoseNetworkSizes(
        unknowns=articulation.n,
        channels=OWN_CHANNELS + facts.CHANNELS,
        facts=facts.count_of(articulation) + 2,
        **controls,
    )


@dataclass(frozen=True)
class Told:
    """What a network is given of R runs of L frames (L is 1 for single frames).

    Attributes:
        tokens: (R, L, n, channels), float32.
        facts: (R, L, facts), float32.
        scale: (R, L n) by which damping is measured.
    """

    tokens: Float[np.ndarray, "R L n channels"]
    facts: Float[np.ndarray, "R L facts"]
    scale: Float[np.ndarray, "R N"]


def told(
    problem: PoseProblem | RunProblem,
    x: Float[np.ndarray, "R ..."],
    model: NormalEquations,
    before: Float[np.ndarray, "R N"],
    k: int,
) -> Told:
    """What the network is given before its step number k.

    Args:
        problem: in the world of the camera's own axes, if the root is free (`motionrecon.poses.level`).
        x: where it stands.
        model: the normal equations there.
        before: the last step; zeros before the first.
        k: steps so far.
    """
    frames, length = (problem.frames, problem.length) if isinstance(problem, RunProblem) else (problem, 1)
    R, flat = len(problem), x.reshape(len(frames), -1)
    features = facts.features_of(frames.articulation, flat).reshape(R, length, frames.n, facts.CHANNELS)
    size = np.log10(np.maximum(model.value / length, 1e-3)) - 2
    whole = np.repeat(np.stack([size, np.full(R, k / 3)], axis=1)[:, None], length, axis=1)
    known = np.concatenate([facts.facts_of(frames, flat).reshape(R, length, -1), whole], axis=2)
    tokens = tokens_of(model.gradient, model.matrix, before, features)
    return Told(tokens, known.astype(np.float32), scale_of(model.matrix))


@dataclass(frozen=True)
class PoseOptimus:
    """Optimus on poses.

    Attributes:
        network: trained for this model's unknowns and points; None for one that says nothing, the control that shares
            every line.
    """

    network: PoseNetwork | None

    @staticmethod
    def load(name: str = DEFAULT) -> PoseOptimus:
        """With the weights of a name, or of a file.

        Raises:
            InputError, ModelError: as `motionrecon.optimus.shipped.find` and `motionrecon.optimus.poses.files.read`.
        """
        path = SHIPPED.find(name)
        return _loaded(path, path.stat().st_mtime_ns)

    def descend(
        self,
        problem: PoseProblem | RunProblem,
        start: Float[np.ndarray, "R ..."],
        steps: int,
        learned: int = LEARNED_STEPS,
        damping: Damping = USUAL,
    ) -> Descent:
        """Lower the values; never above the start's.

        Args:
            problem: R frames or runs, before any camera (one that moves sees single frames only).
            start: their points.
            steps: evaluations after the start's, in all.
            learned: how many of them are learned steps; the rest are damped Gauss-Newton's.
            damping: of those.

        Raises:
            InputError: the network is of another model, or the camera moves within a run.
        """
        if not level(problem):
            if isinstance(problem, RunProblem) and not _stands(problem):
                raise InputError("the camera moves within a run of frames: give single frames, or runs that it stands")
            frames, flat = _frames(problem), start.reshape(-1, start.shape[-1])
            own = levelled(frames)
            same = replace(problem, frames=own) if isinstance(problem, RunProblem) else own
            found = self.descend(same, to_level(frames.camera, flat).reshape(start.shape), steps, learned, damping)
            return replace(found, x=from_level(frames.camera, found.x.reshape(flat.shape)).reshape(start.shape))
        learned = min(learned, steps)
        best, now, x = start.copy(), problem.normal(start), start
        kept = now
        reach = np.tile(facts.reach_of(_frames(problem).articulation), len(problem.turns) // _frames(problem).n)
        value, history = now.value.copy(), [now.value.copy()]
        before = np.zeros_like(now.gradient)
        for k in range(learned):
            said, scale = self._said(problem, x, now, before, k)
            begun = self.network is None or self.network.sizes.gauss_newton
            matrix = now.matrix if begun else np.zeros_like(now.matrix)
            with np.errstate(all="ignore"):
                step = step_of(said, now.gradient, matrix, scale, reach, np)
            step = shortened(np.where(np.isfinite(step).all(1, keepdims=True), step, 0.0), problem.turns, LONGEST)
            there = problem.moved(x, step)
            new = problem.normal(there)
            usable = np.isfinite(new.value)
            shape = (-1, *[1] * (x.ndim - 1))
            x, now = np.where(usable.reshape(shape), there, x), new.where(usable, now)
            better = now.value < value
            best, kept, value = (
                np.where(better.reshape(shape), x, best),
                now.where(better, kept),
                np.where(better, now.value, value),
            )
            history.append(value.copy())
            before = step
        if learned == steps:
            evaluations = np.full(len(problem), steps + 1)
            return Descent(best, value, np.stack(history, axis=1), evaluations)
        found = descend(problem, best, steps - learned, damping, kept)
        whole = np.concatenate([np.stack(history, axis=1), found.history[:, 1:]], axis=1)
        return Descent(found.x, found.value, whole, found.evaluations + learned)  # the best is evaluated already

    def _said(
        self,
        problem: PoseProblem | RunProblem,
        x: Float[np.ndarray, "R ..."],
        model: NormalEquations,
        before: Float[np.ndarray, "R N"],
        k: int,
    ) -> tuple[PoseSays, Float[np.ndarray, "R N"]]:
        """What the network says, and the scale of the damping."""
        if self.network is None:
            return silent(*model.gradient.shape), scale_of(model.matrix)
        sizes, frames = self.network.sizes, _frames(problem)
        wanted = sizes_for(frames.articulation)
        if (sizes.unknowns, sizes.channels, sizes.facts) != (wanted.unknowns, wanted.channels, wanted.facts):
            raise InputError(
                f"these weights are of poses with {sizes.unknowns} unknowns and {sizes.facts} facts, and this model "
                f"with {len(frames.articulation.points)} points has {wanted.unknowns} and {wanted.facts}: train with "
                "motionrecon train optimus --tasks poses, and --body or --model"
            )
        given = told(problem, x, model, before, k)
        said = says(self.network.weights, sizes, given.tokens, given.facts, np)
        return PoseSays(*(part.astype(float) for part in said)), given.scale


@lru_cache(maxsize=8)
def _loaded(path: Path, changed: int) -> PoseOptimus:
    return PoseOptimus(read(path))


def level(problem: PoseProblem | RunProblem) -> bool:
    """Whether a problem may be told to a network as it is: its root is fixed, or its world is that of the camera."""
    frames = _frames(problem)
    free = frames.articulation.free
    return not free or bool(
        np.allclose(frames.camera.axes, level_camera().axes) and np.allclose(frames.camera.eye, 0.0)
    )


def _stands(problem: RunProblem) -> bool:
    """Whether the camera of each run stands still, so that accelerations are the same in the world of its axes."""
    camera, frames = problem.frames.camera, (len(problem), problem.length)
    axes = np.broadcast_to(camera.axes, (len(problem.frames), 3, 3)).reshape(*frames, 3, 3)
    eye = np.broadcast_to(camera.eye, (len(problem.frames), 3)).reshape(*frames, 3)
    return bool(np.allclose(axes, axes[:, :1]) and np.allclose(eye, eye[:, :1]))


def levelled(problem: PoseProblem) -> PoseProblem:
    """The same frames in the world of the camera's own axes."""
    return replace(problem, camera=level_camera(), pixels=problem.camera.rays(problem.pixels))


def _frames(problem: PoseProblem | RunProblem) -> PoseProblem:
    return problem.frames if isinstance(problem, RunProblem) else problem
