"""Methods on poses that nothing was trained on, from the same starts: ``motionrecon bench poses``.

The best value known of a frame is the lowest of all methods, and of Levenberg-Marquardt from `STARTS` other starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.base import CAPSULES
from motionrecon.body.pose import pose
from motionrecon.core.blas import one_thread
from motionrecon.poses.damped import descend
from motionrecon.research.bench.poses.methods import PoseMethod
from motionrecon.research.tasks.poses.motions import motions
from motionrecon.research.tasks.poses.people import People
from motionrecon.research.tasks.poses.starts import random_starts
from motionrecon.research.tasks.poses.tasks import PoseTasks, problem_of

#: Evaluations after the start's; a miss counts one more.
BUDGET = 30
#: Starts from which the best value known is looked for, besides those of the methods.
STARTS = 20
#: The same for runs of frames, which cost more, and are compared by their errors.
RUN_STARTS = 4
#: The splits: a set of motions, and the share of the frames that come with a detector's own 3D.
SPLITS = {
    "new actions": ("test_actions", 0.0),
    "other source": ("deepmimic", 0.0),
    "new actions, with 3D": ("test_actions", 1.0),
    "other source, with 3D": ("deepmimic", 1.0),
}
#: Tasks of a split, in batches of one person each; and with ``--quick``.
TASKS, QUICK_TASKS, PERSONS = 512, 64, 16


@dataclass(frozen=True)
class Measured:
    """What one method did on a split.

    Attributes:
        history: (N, BUDGET + 1) best value after each evaluation.
        mpjpe, pa: (N,) error of the joints at the end, metres: hips in one place, and after the best similarity.
        points: (N, P, 3) at the end, of the middle frame of a run, in the world of the camera's own axes.
        seconds: per frame, of the processor.
    """

    history: Float[np.ndarray, "N evaluations"]
    mpjpe: Float[np.ndarray, " N"]
    pa: Float[np.ndarray, " N"]
    points: Float[np.ndarray, "N P 3"]
    seconds: float


@dataclass(frozen=True)
class SplitResult:
    """A split.

    Attributes:
        clip: (N,) the clip that each task is from: errors of one clip's tasks are alike.
        best: (N,) the best value known.
        by_method: what each method did.
        started: (N,) error of the joints at the start, metres, hips in one place.
        truth: (N, P, 3) where the points are, as `Measured.points`.
    """

    clip: Int[np.ndarray, " N"]
    best: Float[np.ndarray, " N"]
    by_method: dict[str, Measured]
    started: Float[np.ndarray, " N"]
    truth: Float[np.ndarray, "N P 3"]


def measure(
    split: str,
    chosen: dict[str, PoseMethod],
    count: int = TASKS,
    length: int = 1,
    seed: int = 0,
    learned: bool = False,
    kind: str = CAPSULES,
    say: Callable[[str], None] = lambda line: None,
) -> SplitResult:
    """All methods on one split.

    Args:
        split: of `SPLITS`.
        chosen: the methods.
        count: tasks.
        length: frames of a run; 1 for single frames.
        seed: another one gives other tasks.
        learned: start from the learned bank of typical poses instead of from the relaxed one.
        kind: of the persons' bodies.
        say: told what is done.
    """
    name, guess = SPLITS[split]
    source = People(motions(name), guess=guess, learned=learned, kind=kind)
    parts = []
    for k, share in enumerate(_shares(count, min(PERSONS, count))):
        tasks = source.draw(share, np.random.default_rng([seed, k]), length)
        parts.append(_measured(tasks, chosen, np.random.default_rng([seed, k, 1])))
    say(f"{split}: {count} tasks")
    return _joined(parts)


def starts_of(length: int) -> int:
    """Starts from which the best value known of runs of a length is looked for, besides those of the methods."""
    return STARTS if length == 1 else RUN_STARTS


def _shares(count: int, parts: int) -> list[int]:
    return [count // parts + (k < count % parts) for k in range(parts)]


def _measured(tasks: PoseTasks, chosen: dict[str, PoseMethod], rng: np.random.Generator) -> SplitResult:
    """All methods on the tasks of one person."""
    problem, start = problem_of(tasks)
    by_method, best = {}, np.full(len(problem), np.inf)
    middle = np.arange(len(problem)) * tasks.length + tasks.length // 2
    with one_thread():
        for name, method in chosen.items():
            if method.frames and tasks.length > 1:
                continue
            began = time.process_time()
            found = method.run(problem, start, BUDGET)
            seconds = (time.process_time() - began) / len(tasks.truth)
            flat = found.x.reshape(len(tasks.truth), -1)
            articulation = tasks.problem.articulation
            points = pose(articulation.model, flat[middle]).at(articulation.points)
            by_method[name] = Measured(found.history, *joint_errors(tasks, flat), points, seconds)
            best = np.minimum(best, found.value)
        for x in random_starts(tasks, starts_of(tasks.length), rng):
            best = np.minimum(best, descend(problem, x.reshape(start.shape), BUDGET).value)
    return SplitResult(tasks.clip, best, by_method, joint_errors(tasks, tasks.start)[0], tasks.truth[middle])


def joint_errors(
    tasks: PoseTasks, x: Float[np.ndarray, "NL nq"]
) -> tuple[Float[np.ndarray, " N"], Float[np.ndarray, " N"]]:
    """Mean error of the judged points of each run, metres: middles in one place, and after the best similarity."""
    articulation = tasks.problem.articulation
    points = pose(articulation.model, x).at(articulation.points)
    judged = tasks.judged > 0.75 * tasks.judged.max()
    away = points - tasks.truth
    away = away - np.einsum("p,npi->ni", tasks.centre, away)[:, None]
    mpjpe = np.linalg.norm(away[:, judged], axis=-1).mean(1)
    pa = np.linalg.norm(_aligned(points[:, judged], tasks.truth[:, judged]), axis=-1).mean(1)
    return mpjpe.reshape(-1, tasks.length).mean(1), pa.reshape(-1, tasks.length).mean(1)


def _aligned(points: Float[np.ndarray, "N J 3"], target: Float[np.ndarray, "N J 3"]) -> Float[np.ndarray, "N J 3"]:
    """What is left of the differences after the best similarity of each row (Umeyama, 1991)."""
    p, g = points - points.mean(1, keepdims=True), target - target.mean(1, keepdims=True)
    u, singular, vt = np.linalg.svd(np.swapaxes(p, 1, 2) @ g)
    sign = np.ones((len(p), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))  # a mirror image is not a pose
    scale = (singular * sign).sum(1) / (p**2).sum((1, 2))
    return np.asarray(scale[:, None, None] * (p @ (u * sign[:, None]) @ vt) - g)


def _joined(parts: Sequence[SplitResult]) -> SplitResult:
    names = parts[0].by_method
    shares = np.array([len(part.best) for part in parts], float)
    joined = {}
    for name in names:
        of_method = [part.by_method[name] for part in parts]
        joined[name] = Measured(
            np.concatenate([found.history for found in of_method]),
            np.concatenate([found.mpjpe for found in of_method]),
            np.concatenate([found.pa for found in of_method]),
            np.concatenate([found.points for found in of_method]),
            float(np.average([found.seconds for found in of_method], weights=shares)),
        )
    return SplitResult(
        np.concatenate([part.clip for part in parts]),
        np.concatenate([part.best for part in parts]),
        joined,
        np.concatenate([part.started for part in parts]),
        np.concatenate([part.truth for part in parts]),
    )
