"""What a run of the rule remembers from evaluation to evaluation, for P problems of n unknowns.

Each part of the rule has a dataclass of its own: the local search (`LocalSearch`), and the two ways of looking around
(`Trend`, `Axes`). All is float64, counts too, but what is true or false.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from motionrecon.optimus.rows import Rows


@dataclass(frozen=True)
class LocalSearch(Rows):
    """A quasi-Newton search from the start, or from where it landed last; and where the whole run began.

    Attributes:
        x, f, g: the point, and value and gradient there.
        B: stands for the inverse Hessian.
        unscaled: B has no size yet: the next secant gives it.
        s, y: the last step tried, and the change of the gradient over it.
        has_secant: s'y is safely positive, and B has not learned from the pair yet.
        trust_radius: of the next step.
        predicted_decrease: of f over the step under way, to first order.
        small_predictions: steps in a row whose predicted decrease was small.
        since_rough: evaluations since one more step was last predicted to gain more than a small share of all.
        mark, since_mark: f when it last fell by more than a small share of all, and evaluations since then.
        to_the_end: the search came back to a dent that was left early, and does not leave it before it is exact.
        mode: what the next evaluation is for (``exploration.modes``).
        evaluations, budget: so far, and in all.
        fallbacks: steps that were a safer one in place of the predicted.
        x0, f0, g0: the start.
        first_length: the length that value and gradient of the start offer; lengths are counted in it.
        best_x, best_f: the best of all evaluations.
    """

    x: Float[np.ndarray, "P n"]
    f: Float[np.ndarray, " P"]
    g: Float[np.ndarray, "P n"]
    B: Float[np.ndarray, "P n n"]
    unscaled: Bool[np.ndarray, " P"]
    s: Float[np.ndarray, "P n"]
    y: Float[np.ndarray, "P n"]
    has_secant: Bool[np.ndarray, " P"]
    trust_radius: Float[np.ndarray, " P"]
    predicted_decrease: Float[np.ndarray, " P"]
    small_predictions: Float[np.ndarray, " P"]
    since_rough: Float[np.ndarray, " P"]
    mark: Float[np.ndarray, " P"]
    since_mark: Float[np.ndarray, " P"]
    to_the_end: Bool[np.ndarray, " P"]
    mode: Float[np.ndarray, " P"]
    evaluations: Float[np.ndarray, " P"]
    budget: Float[np.ndarray, " P"]
    fallbacks: Float[np.ndarray, " P"]
    x0: Float[np.ndarray, "P n"]
    f0: Float[np.ndarray, " P"]
    g0: Float[np.ndarray, "P n"]
    first_length: Float[np.ndarray, " P"]
    best_x: Float[np.ndarray, "P n"]
    best_f: Float[np.ndarray, " P"]

    @property
    def remaining(self) -> Float[np.ndarray, " P"]:
        """Evaluations left."""
        left: np.ndarray = self.budget - self.evaluations
        return left

    @property
    def decrease(self) -> Float[np.ndarray, " P"]:
        """Of f since the start, 0 where it is above."""
        fell: np.ndarray = np.maximum(self.f0 - self.f, 0)
        return fell


@dataclass(frozen=True)
class Minimum(Rows):
    """The best local minimum so far, from which the search looks around.

    Attributes:
        x, f, g, B: as the local search left it.
        stiffness: mean of B's diagonal there, the size of B in other dents.
        left_early: it is not exact yet.
    """

    x: Float[np.ndarray, "P n"]
    f: Float[np.ndarray, " P"]
    g: Float[np.ndarray, "P n"]
    B: Float[np.ndarray, "P n n"]
    stiffness: Float[np.ndarray, " P"]
    left_early: Bool[np.ndarray, " P"]


@dataclass(frozen=True)
class Samples(Rows):
    """What was evaluated far away, for the fit of a bowl: a ring of K places.

    Attributes:
        count: evaluations that were put in, the first K of which have places of their own.
        x, f, g: the places.
    """

    count: Float[np.ndarray, " P"]
    x: Float[np.ndarray, "P K n"]
    f: Float[np.ndarray, "P K"]
    g: Float[np.ndarray, "P K n"]


@dataclass(frozen=True)
class Trend(Rows):
    """The look for a bowl under ripples.

    Attributes:
        rounds: looks around so far.
        judged, rippled: the first dent has crept, and was judged for that; there are ripples, and a bowl beyond.
        key: what pseudo-random directions are made of.
        way: rms of the way from the start to the first dent, the unit of distances.
        base: the best local minimum.
        vain_landings: landings in a row that found no better one.
        centre, variance: where the bowl's minimum is thought to be, and the variance of each unknown of it.
        origin, prior: the bowl's minimum is about so far from there, before anything was sampled.
        distance: of the next rung or sample from the centre.
        far: distance of samples where ripples do not grow.
        rung, rise, slope: of the ladder: rungs climbed, rise of the value and norm of the gradient at the last one.
        bowl_seen: the ladder ended because the value rose like a bowl's.
        ripples_grow: and its gradient faster.
        bowl_precise: the fit ended because the minimum was known to a fraction of a ripple.
        sample, planned: samples of this round so far, and in all.
        hopping, hop_distance: a rung had no value: hop from then on, so far.
        landing: where to land.
        samples: what was seen far away.
    """

    rounds: Float[np.ndarray, " P"]
    judged: Bool[np.ndarray, " P"]
    rippled: Bool[np.ndarray, " P"]
    key: Float[np.ndarray, "P n"]
    way: Float[np.ndarray, " P"]
    base: Minimum
    vain_landings: Float[np.ndarray, " P"]
    centre: Float[np.ndarray, "P n"]
    variance: Float[np.ndarray, " P"]
    origin: Float[np.ndarray, "P n"]
    prior: Float[np.ndarray, " P"]
    distance: Float[np.ndarray, " P"]
    far: Float[np.ndarray, " P"]
    rung: Float[np.ndarray, " P"]
    rise: Float[np.ndarray, " P"]
    slope: Float[np.ndarray, " P"]
    bowl_seen: Bool[np.ndarray, " P"]
    ripples_grow: Bool[np.ndarray, " P"]
    bowl_precise: Bool[np.ndarray, " P"]
    sample: Float[np.ndarray, " P"]
    planned: Float[np.ndarray, " P"]
    hopping: Bool[np.ndarray, " P"]
    hop_distance: Float[np.ndarray, " P"]
    landing: Float[np.ndarray, "P n"]
    samples: Samples


@dataclass(frozen=True)
class Axes(Rows):
    """The look for axes along which the function is a sum; its larger arrays are empty where it never looks.

    Attributes:
        Q: the axes, in rows.
        tried: it has looked; once is enough.
        failed: there are no axes, or a point on the way had no value.
        scale: the farthest to look, the unit of what follows.
        hessian, hessian_gradient, side: the Hessian so far, the gradient at its point, and on which side of the base.
        count: evaluations of this part of the search.
        at, predicted, interval: where on each axis the evaluation under way is, the slope expected there, and which
            interval it splits.
        u, slope, error: points on each axis in ascending order, inf where there is none yet; the slopes there, and the
            error of what lies between each and the next.
        rough: the median error over the range, after half of the splits that are a trial.
    """

    Q: Float[np.ndarray, "P n n"]
    tried: Bool[np.ndarray, " P"]
    failed: Bool[np.ndarray, " P"]
    scale: Float[np.ndarray, " P"]
    hessian: Float[np.ndarray, "P n n"]
    hessian_gradient: Float[np.ndarray, "P n"]
    side: Float[np.ndarray, " P"]
    count: Float[np.ndarray, " P"]
    at: Float[np.ndarray, "P n"]
    predicted: Float[np.ndarray, "P n"]
    interval: Float[np.ndarray, "P n"]
    u: Float[np.ndarray, "P n K"]
    slope: Float[np.ndarray, "P n K"]
    error: Float[np.ndarray, "P n K"]
    rough: Float[np.ndarray, " P"]


@dataclass(frozen=True)
class RuleState(Rows):
    """The whole."""

    search: LocalSearch
    trend: Trend
    axes: Axes
