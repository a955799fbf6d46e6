"""What a run of the rule remembers from evaluation to evaluation, for P problems of n unknowns.

Each part of the rule has a dataclass of its own: the local search (`LocalSearch`), the network (`History`), and the two
ways of looking around (`Trend`, `Axes`). Points and matrices are in the problem's precision, the history in float32.
Counts are kept as numbers of the problem's kind.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from motionrecon.optimus.batched import Batched


@dataclass(frozen=True)
class LocalSearch(Batched):
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
        least_predicted: the least predicted decrease since the search began here.
        predicted_growth: growth of the predicted decrease since, once it was small.
        step_accepted: 1 where the last step was taken.
        gain_ratio: its actual over its predicted decrease.
        last_decrease: of f over it, 0 if it was not taken.
        relative_decrease: running mean of the decrease over |f|.
        since_landing: evaluations since the search began here.
        mode: what the next evaluation is for (``exploration.modes``).
        evaluations, budget: so far, and in all.
        fallbacks: steps that were a safer one in place of the predicted.
        x0, f0, g0: the start.
        first_length: the length that value and gradient of the start offer; lengths are counted in it.
        gradient_unit: rms of the start's gradient.
        best_x, best_f: the best of all evaluations.
    """

    x: Float[Tensor, "P n"]
    f: Float[Tensor, " P"]
    g: Float[Tensor, "P n"]
    B: Float[Tensor, "P n n"]
    unscaled: Bool[Tensor, " P"]
    s: Float[Tensor, "P n"]
    y: Float[Tensor, "P n"]
    has_secant: Bool[Tensor, " P"]
    trust_radius: Float[Tensor, " P"]
    predicted_decrease: Float[Tensor, " P"]
    small_predictions: Float[Tensor, " P"]
    least_predicted: Float[Tensor, " P"]
    predicted_growth: Float[Tensor, " P"]
    step_accepted: Float[Tensor, " P"]
    gain_ratio: Float[Tensor, " P"]
    last_decrease: Float[Tensor, " P"]
    relative_decrease: Float[Tensor, " P"]
    since_landing: Float[Tensor, " P"]
    mode: Float[Tensor, " P"]
    evaluations: Float[Tensor, " P"]
    budget: Float[Tensor, " P"]
    fallbacks: Float[Tensor, " P"]
    x0: Float[Tensor, "P n"]
    f0: Float[Tensor, " P"]
    g0: Float[Tensor, "P n"]
    first_length: Float[Tensor, " P"]
    gradient_unit: Float[Tensor, " P"]
    best_x: Float[Tensor, "P n"]
    best_f: Float[Tensor, " P"]

    @property
    def remaining(self) -> Float[Tensor, " P"]:
        """Evaluations left."""
        return self.budget - self.evaluations

    @property
    def decrease(self) -> Float[Tensor, " P"]:
        """Of f since the start, 0 where it is above."""
        return (self.f0 - self.f).clamp_min(0)


@dataclass(frozen=True)
class History(Batched):
    """Running means of the gradient and of its square, with three decays each, in units of the first gradient."""

    momentum: Float[Tensor, "P n decays"]
    second_moment: Float[Tensor, "P n decays"]


@dataclass(frozen=True)
class Minimum(Batched):
    """The best local minimum so far, from which the search looks around.

    Attributes:
        x, f, g, B: as the local search left it.
        stiffness: mean of B's diagonal there, the size of B in other dents.
        left_early: it might go on downwards.
    """

    x: Float[Tensor, "P n"]
    f: Float[Tensor, " P"]
    g: Float[Tensor, "P n"]
    B: Float[Tensor, "P n n"]
    stiffness: Float[Tensor, " P"]
    left_early: Bool[Tensor, " P"]


@dataclass(frozen=True)
class Samples(Batched):
    """What was evaluated far away, for the fit of a bowl: a ring of K places.

    Attributes:
        count: evaluations that were put in, the first K of which have places of their own.
        x, f, g: the places.
    """

    count: Float[Tensor, " P"]
    x: Float[Tensor, "P K n"]
    f: Float[Tensor, "P K"]
    g: Float[Tensor, "P K n"]


@dataclass(frozen=True)
class Trend(Batched):
    """The look for a bowl under ripples.

    Attributes:
        rounds: looks around so far.
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

    rounds: Float[Tensor, " P"]
    key: Float[Tensor, "P n"]
    way: Float[Tensor, " P"]
    base: Minimum
    vain_landings: Float[Tensor, " P"]
    centre: Float[Tensor, "P n"]
    variance: Float[Tensor, " P"]
    origin: Float[Tensor, "P n"]
    prior: Float[Tensor, " P"]
    distance: Float[Tensor, " P"]
    far: Float[Tensor, " P"]
    rung: Float[Tensor, " P"]
    rise: Float[Tensor, " P"]
    slope: Float[Tensor, " P"]
    bowl_seen: Bool[Tensor, " P"]
    ripples_grow: Bool[Tensor, " P"]
    bowl_precise: Bool[Tensor, " P"]
    sample: Float[Tensor, " P"]
    planned: Float[Tensor, " P"]
    hopping: Bool[Tensor, " P"]
    hop_distance: Float[Tensor, " P"]
    landing: Float[Tensor, "P n"]
    samples: Samples


@dataclass(frozen=True)
class Axes(Batched):
    """The look for axes along which the function is a sum; its larger tensors are empty where it never looks.

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

    Q: Float[Tensor, "P n n"]
    tried: Bool[Tensor, " P"]
    failed: Bool[Tensor, " P"]
    scale: Float[Tensor, " P"]
    hessian: Float[Tensor, "P n n"]
    hessian_gradient: Float[Tensor, "P n"]
    side: Float[Tensor, " P"]
    count: Float[Tensor, " P"]
    at: Float[Tensor, "P n"]
    predicted: Float[Tensor, "P n"]
    interval: Float[Tensor, "P n"]
    u: Float[Tensor, "P n K"]
    slope: Float[Tensor, "P n K"]
    error: Float[Tensor, "P n K"]
    rough: Float[Tensor, " P"]


@dataclass(frozen=True)
class RuleState(Batched):
    """The whole.

    Attributes:
        search, history, trend, axes: the parts.
        dials: what the network said of the look around, in the order of ``trend.DIALS``.
    """

    search: LocalSearch
    history: History
    trend: Trend
    axes: Axes
    dials: Float[Tensor, "P dials"]
