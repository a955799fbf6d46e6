"""What the windows have simulated so far, and what became of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from motionrecon.core.records import Record
from motionrecon.physics.rollout import SimulationState
from motionrecon.views import Figure


class Status(StrEnum):
    """What became of a window."""

    OK = "ok"
    #: No controls were found that keep the person with the kinematic motion.
    FAILED = "failed"
    #: The person stays in the air without falling: on something that is not simulated.
    HELD_UP = "no floor under the feet"
    #: The person sits or leans on something that is not simulated.
    SEATED = "seated"
    #: Nobody was seen for longer than is bridged.
    NOT_TRACKED = "not tracked"


@dataclass(frozen=True, eq=False)
class WindowRecord(Record):
    """One window, or what of it was not simulated, for the report.

    Attributes:
        first_frame, last_frame: what it simulated, or failed to; the next one begins with its last frame.
        status: what became of it.
        attempts: starts that were tried; None where what was found is another record's.
        evaluations, rollouts, fallbacks: Jacobians (or gradients), bare simulations, and steps of Optimus that lowered
            nothing and were damped more, over all attempts.
        loss_before, loss_after: the objective at the start and end of the attempt that is kept.
        assist_mean_newtons, assist_most_newtons: the assisting force on the pelvis.
    """

    first_frame: int
    last_frame: int
    status: Status
    attempts: int | None = None
    evaluations: int | None = None
    rollouts: int | None = None
    fallbacks: int | None = None
    loss_before: float | None = None
    loss_after: float | None = None
    assist_mean_newtons: float | None = None
    assist_most_newtons: float | None = None


@dataclass(frozen=True)
class Knots:
    """Controls of a window at its knots: the next window starts from them.

    Attributes:
        began: time of the first knot, seconds.
        angles: (K, nu) target angles, radians.
    """

    began: float
    angles: Float[np.ndarray, "K nu"]


@dataclass(frozen=True)
class Stretch:
    """The simulated motion so far: what a run has to save to be resumed. Without physics it is empty.

    Attributes:
        frame: the next frame to be simulated from.
        state: qpos, qvel and warmstart there.
        ctrl: (S, nu) per step; NaN in steps that were not simulated.
        wrench: (S, 6) per step.
        segments: (n, 1 + nq + nv) rows of step, qpos, qvel at which a simulated stretch starts.
        knots: the last window's controls; None at the beginning and after what was not simulated.
        windows: one record for each window.
    """

    frame: int
    state: SimulationState
    ctrl: Float[np.ndarray, "S nu"]
    wrench: Float[np.ndarray, "S 6"]
    segments: Float[np.ndarray, "n s"]
    knots: Knots | None = None
    windows: tuple[WindowRecord, ...] = ()

    @staticmethod
    def empty(figure: Figure) -> Stretch:
        """Nothing simulated yet, at the beginning of a person's trajectory."""
        model = figure.body.model
        state = SimulationState.fresh(figure.qpos[0], figure.qvel[0])
        return Stretch(0, state, np.zeros((0, model.nu)), np.zeros((0, 6)), np.zeros((0, 1 + model.nq + model.nv)))

    @property
    def simulated_frames(self) -> set[int]:
        """The frames that the simulation reaches."""
        done = (range(w.first_frame, w.last_frame + 1) for w in self.windows if w.status is Status.OK)
        return set().union(*done)

    def spans(self, status: Status) -> list[tuple[int, int]]:
        """First and last frames of the windows that ended so, neighbours joined."""
        joined: list[tuple[int, int]] = []
        for window in self.windows:
            if window.status is status:
                first = joined.pop()[0] if joined and joined[-1][1] == window.first_frame else window.first_frame
                joined.append((first, window.last_frame))
        return joined
