"""How unlikely a motion is that one camera's keypoints show: what a stick figure cannot follow of it.

A light version of the fit, without the floor and the person's shape, for the choice between two ways in which the same
film was seen (`motionrecon.keypoints.sides`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from motionrecon.body import Body, build
from motionrecon.cameras.default import default_camera
from motionrecon.core.blas import one_thread
from motionrecon.core.clock import Clock
from motionrecon.ground.plane import Plane
from motionrecon.keypoints import Keypoints
from motionrecon.kinematics.fit import LONGEST, REFERENCE_RATE, Weights, filmed, roughly
from motionrecon.kinematics.solver import solve
from motionrecon.kinematics.start import learned
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.terms.scale_free import scale_free
from motionrecon.views import View

#: Metres; one camera tells no size.
_HEIGHT = 1.70


def unlikely(keypoints: Keypoints) -> float:
    """The cost of the stick figure's best motion: of what it misses, how it moves and which poses it takes."""
    view = View.of(keypoints, default_camera(keypoints.image_size), Clock(keypoints.fps))
    parts = np.array_split(np.arange(len(view)), -(-len(view) // LONGEST))
    with one_thread():
        return sum(_cost(view.part(part)) for part in parts)


@cache
def _stick() -> Body:
    return build(_HEIGHT, kind="capsules")


def _cost(view: View) -> float:
    fps = view.clock.fps
    rate = float(np.sqrt(REFERENCE_RATE / fps))
    stick = _stick()
    x = Trajectory(stick, learned(stick, [view]), Plane())
    views = [replace(view, weight=rate * view.weight)]
    video = filmed(views, fps, Weights())
    for terms in (roughly(views, fps), video):
        x = solve(x, scale_free(terms, x, views), 25, tolerance=1e-3)
    return float(sum(term(x).cost for term in video))
