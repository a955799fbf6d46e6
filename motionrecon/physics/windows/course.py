"""From window to window through a clip.

Windows overlap; the first part of each is kept, and where it ends the next begins. A window that ends badly is tried
again from other controls; if no result keeps the person with the kinematic motion, what does for some frames is kept,
the next ones are marked, and the simulation restarts from the kinematic trajectory in a new segment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from motionrecon.body.tangent import velocities
from motionrecon.optimizers import Optimizer, registry
from motionrecon.optimizers.turns import Budget, in_turn
from motionrecon.physics.rollout import SimulationState
from motionrecon.physics.windows.stretch import Knots, Status, Stretch, WindowRecord
from motionrecon.physics.windows.window import Windows
from motionrecon.views import Figure

#: Jacobians that a window's minimization may take with the optimizers that use them, and gradients with all others: a
#: balance of time and of what is left to gain.
BUDGETS, GRADIENTS = {"optimus": 5, "lm": 12}, 40
#: As many times as that may a window take for all its starts, where no result will do.
MOST = 4
#: A descent has settled that gains nothing over this part of what it may take.
PATIENCE = 5
#: Seconds after which a simulation begins anew that found no way to go on.
ANEW = 0.2
#: Weights of optimizers that need them, where they are not those by default.
WEIGHTS = {"optimus-paper": "optimus-paper-windows"}


def optimizer_of(name: str) -> Optimizer[Any]:
    """The optimizer of this name, as windows have it."""
    return registry.make(name, **({"weights": WEIGHTS[name]} if name in WEIGHTS else {}))


def budget_of(optimizer: str, evaluations: int | None = None) -> Budget:
    """What a window may take with an optimizer, whose usual number may be given.

    With Jacobians a descent that gains little is at its end; with gradients it may only be slow.
    """
    usual = evaluations or BUDGETS.get(optimizer, GRADIENTS)
    return Budget(usual, MOST * usual, max(1, usual // PATIENCE), least=1 if optimizer in BUDGETS else usual)


def simulate_clip(
    windows: Windows,
    resume: Stretch | None = None,
    after_window: Callable[[Stretch, int], None] = lambda stretch, frames: None,
    seed: int = 0,
) -> Stretch:
    """Simulate the whole clip.

    Args:
        windows: of the clip; the timestep of its person's model is that of its clock.
        resume: what an interrupted run had got to.
        after_window: called with the motion so far, and the frames that the last window added.
        seed: of the perturbed starts of a window that failed.
    """
    so_far = resume or Stretch.empty(windows.figure)
    while so_far.frame < len(windows.figure) - 1:
        before = so_far.frame
        tracked_to = windows.tracked_to(before)
        if tracked_to - before >= 2:
            so_far = _window(windows, so_far, tracked_to, seed)
        else:
            so_far = _skip(windows, so_far, max(tracked_to, before + 1))
        after_window(so_far, so_far.frame - before)
    return so_far


def _skip(windows: Windows, so_far: Stretch, to: int) -> Stretch:
    """Go on without simulating to the next frame that can be simulated, or that cannot for another reason."""
    sits = windows.seated & windows.figure.tracked
    later = np.flatnonzero(windows.simulable[to:] | (sits[to:] != sits[to]))
    # One frame before the person sits is too little to be simulated, and lacks nothing else.
    status = Status.SEATED if sits[to : to + 2].any() else Status.NOT_TRACKED
    to = min(to + int(later[0]) if len(later) else len(sits), len(sits) - 1)
    return _not_simulated(windows, so_far, WindowRecord(so_far.frame, to, status))


def _not_simulated(windows: Windows, so_far: Stretch, record: WindowRecord) -> Stretch:
    figure, to = windows.figure, record.last_frame
    steps = (to - so_far.frame) * figure.clock.steps_per_frame
    return replace(
        so_far,
        frame=to,
        state=_begun(figure, to),
        ctrl=np.concatenate([so_far.ctrl, np.full((steps, so_far.ctrl.shape[1]), np.nan)]),
        wrench=np.concatenate([so_far.wrench, np.zeros((steps, 6))]),
        knots=None,
        windows=(*so_far.windows, record),
    )


def _begun(figure: Figure, frame: int) -> SimulationState:
    """Where a simulation begins anew: with the velocity of the frames that it is to follow, not of those before."""
    if frame + 1 == len(figure):
        return SimulationState.fresh(figure.qpos[frame], figure.qvel[frame])
    return SimulationState.fresh(figure.qpos[frame], velocities(figure.qpos[frame : frame + 2], figure.clock.fps)[0])


def _window(windows: Windows, so_far: Stretch, tracked_to: int, seed: int) -> Stretch:
    """Simulate the next window."""
    settings, first = windows.settings, so_far.frame
    last, keep = windows.layout.ends(first, tracked_to)
    if settings.assist is None and windows.held_up(first, keep):
        return _not_simulated(windows, so_far, WindowRecord(first, keep, Status.HELD_UP))
    problem = windows.problem(so_far.state, so_far.knots, first, last)
    search = in_turn(
        problem,
        windows.starts(problem, so_far.knots, first, seed),
        optimizer_of(settings.optimizer),
        budget_of(settings.optimizer, settings.evaluations),
        will_do=lambda x: windows.will_do(problem, x, first, keep),
        failed=lambda x: not windows.follows(problem, x, first, keep),
    )
    cost = (search.starts, search.evaluations.derivatives, search.evaluations.values, search.fallbacks)
    accepted = windows.accepted(problem, search.found, first, keep)
    if accepted is None:
        return _not_simulated(windows, so_far, WindowRecord(first, _anew(windows, first, keep), Status.FAILED, *cost))
    wanted = keep
    result, keep = accepted
    rollout = problem.rollout(result.x)
    steps = (keep - first) * windows.figure.clock.steps_per_frame
    record = WindowRecord(first, keep, Status.OK, *cost, result.before, result.value)
    if settings.assist:
        push = np.linalg.norm(rollout.wrench[:steps, :3], axis=1)
        record = replace(record, assist_mean_newtons=float(push.mean()), assist_most_newtons=float(push.max()))
    segments = so_far.segments
    if len(so_far.ctrl) == 0 or np.isnan(so_far.ctrl[-1, 0]):  # a stretch begins
        row = np.concatenate([[len(so_far.ctrl)], so_far.state.qpos, so_far.state.qvel])
        segments = np.concatenate([segments, row[None]])
    done = Stretch(
        frame=keep,
        state=rollout.state(steps),
        ctrl=np.concatenate([so_far.ctrl, rollout.ctrl[:steps]]),
        wrench=np.concatenate([so_far.wrench, rollout.wrench[:steps]]),
        segments=segments,
        knots=Knots(windows.figure.clock.seconds(first), problem.knots(result.x)),
        windows=(*so_far.windows, record),
    )
    if keep == wanted:
        return done
    return _not_simulated(windows, done, WindowRecord(keep, _anew(windows, keep, wanted), Status.FAILED))


def _anew(windows: Windows, failed: int, wanted: int) -> int:
    """The frame from which it is tried again after one from which nothing was found: at the end of what was wanted, if
    less is left of it than a result is kept in part for."""
    begin = failed + max(1, windows.figure.clock.frames(ANEW))
    return begin if wanted - begin >= windows.least else wanted
