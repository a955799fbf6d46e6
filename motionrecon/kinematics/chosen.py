"""What the kinematic fit chose from how the person moves: nobody asked for it by an option, so the report says it.

The fit expects a walker, and lets a body do what no walker does where the trajectory in hand does it. These are its own
judgements, of the trajectory that it ended with.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionrecon.core.spans import spans
from motionrecon.kinematics.choice import Choice
from motionrecon.kinematics.lying import lying_points
from motionrecon.kinematics.seated import on_feet
from motionrecon.kinematics.standing import haste, runs
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.contact import KNOWN
from motionrecon.kinematics.terms.smoothness import QUICK, Smoothness, share_left
from motionrecon.views import Figure

#: How many times as wide as for a walker a standard deviation must be for that to be told.
_TOLD = 1.25
#: How surely something is on the floor that is no sole for that to be told.
_LIES = 0.25
#: Frames in a row that can be judged: an acceleration takes three.
_LEAST = 3
#: Name, and because of what the fit did what.
WORDS = {
    "hurries": (
        "the feet are faster than an easy walker's",
        "a foot that moves or lifts by as many times more may still count as standing, and is held less still",
    ),
    "runs": (
        "both feet are faster than an easy walker's, as of somebody who walks fast or runs",
        "knees and ankles may accelerate more than hips, and the lowest foot is drawn to the floor between two flights",
    ),
    "accelerates": (
        "the hips are thrown up, or some joint is turned, harder than a walker's for some tenths of a second",
        "these accelerations are smoothed less",
    ),
    "rests": (
        "the knees are bent and the hips at rest, or more than feet is on the floor",
        "the weight need not be over the feet",
    ),
    "lies": (
        "what is lowest is no sole, as of somebody who crawls, kneels or lies",
        "it is drawn to the floor",
    ),
}


def chosen(figure: Figure) -> tuple[Choice, ...]:
    """What the fit chose from the motion of a person that it found, in frames in which the person is tracked."""
    fps = figure.clock.fps
    parts = [frames for frames in spans(figure.tracked) if frames.stop - frames.start >= _LEAST]
    if not parts:
        return ()
    each = [_widened(Trajectory(figure.body, figure.qpos[frames], figure.ground), fps) for frames in parts]
    told = []
    for name, (because, so) in WORDS.items():
        times = np.concatenate([one[name] for one in each])
        if frames := int((times > _TOLD).sum()):
            most = float(times.max())
            told.append(Choice(name, because, so, frames, most if np.isfinite(most) else None))
    return tuple(told)


def _widened(x: Trajectory, fps: float) -> dict[str, Float[np.ndarray, " T"]]:
    """By how many times each choice widens a walker's standard deviations in each frame; infinite where it drops them.

    Args:
        x: a stretch of the trajectory.
        fps: frames per second.
    """
    smoothed = np.pad(share_left(Smoothness(fps), x).min(axis=1), 1, mode="edge")
    return {
        "hurries": haste(x, fps),
        "runs": 1.0 + (max(QUICK.values()) - 1.0) * runs(x, fps),
        "accelerates": 1.0 / smoothed,
        "rests": np.where(on_feet(x, fps) < 0.5, np.inf, 1.0),
        "lies": np.where((lying_points(x, fps, KNOWN).resting > _LIES).any(axis=1), np.inf, 1.0),
    }
