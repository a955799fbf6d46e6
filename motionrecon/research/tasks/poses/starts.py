"""Random starts, for a search of what is the best that there is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from motionrecon.body.pose import pose
from motionrecon.body.tangent import ANGLES, BEND, PLACE
from motionrecon.poses.placing import placed
from motionrecon.research.tasks.poses.chances import Chances, before_camera
from motionrecon.research.tasks.poses.tasks import PoseTasks


def random_starts(
    tasks: PoseTasks, count: int, rng: np.random.Generator, spread: float = 0.5
) -> Iterator[Float[np.ndarray, "NL nq"]]:
    """Random poses about the one at rest, turned anyhow about the vertical and put where they are seen best.

    Args:
        tasks: whose frames are to start there; those of a run are turned alike.
        count: starts of each.
        rng: what decides.
        spread: standard deviation of hinges, radians.
    """
    problem, articulation, length = tasks.problem, tasks.problem.articulation, tasks.length
    runs = len(problem) // length
    for _ in range(count):
        x = np.tile(articulation.rest, (runs, 1))
        step = spread * rng.normal(size=(runs, articulation.n)) * articulation.scalar
        x = articulation.moved(x, step)
        low, high = articulation.limits[:, BEND]
        x[:, ANGLES] = np.clip(x[:, ANGLES], low, high)
        x = np.repeat(before_camera(x[:, None], Chances(), rng)[:, 0], length, axis=0)
        x[:, PLACE] = 0.0
        shapes = problem.camera.to_camera(pose(articulation.model, x).at(articulation.points))
        places, _ = placed(problem.camera.rays(problem.pixels), problem.weight, shapes[:, None])
        x[:, PLACE] = problem.camera.to_world(places[:, 0])
        yield x
