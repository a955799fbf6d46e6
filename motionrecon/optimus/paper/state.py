"""What a run of the paper's form remembers from evaluation to evaluation, for P problems of n unknowns."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from motionrecon.optimus.batched import Batched
from motionrecon.optimus.network.features import History


@dataclass(frozen=True)
class PaperState(Batched):
    """Points and matrices in the problem's precision, the history in float32; counts are numbers of the problem's kind.

    Attributes:
        best_x, best_f, best_g: the best point so far, from which every step begins, and value and gradient there.
        last_g: the gradient that was evaluated last.
        B: stands for the inverse Hessian.
        s, y: the last step, and the change of the gradient over it; 0 before the first, or where it had no value.
        radius: the length of the last step; |f0| / |g0| before the first.
        predicted_decrease: of f over that step, to first order.
        last_decrease: of f over that step, negative where f rose.
        pace: running mean of the decrease over |f|.
        failed: steps in a row without a better point.
        evaluations, budget: so far, and in all.
        x0, f0, g0: the start.
        first_length: the length that value and gradient of the start offer; lengths are counted in it.
        gradient_unit: rms of the start's gradient.
        history: of the gradients.
    """

    best_x: Float[Tensor, "P n"]
    best_f: Float[Tensor, " P"]
    best_g: Float[Tensor, "P n"]
    last_g: Float[Tensor, "P n"]
    B: Float[Tensor, "P n n"]
    s: Float[Tensor, "P n"]
    y: Float[Tensor, "P n"]
    radius: Float[Tensor, " P"]
    predicted_decrease: Float[Tensor, " P"]
    last_decrease: Float[Tensor, " P"]
    pace: Float[Tensor, " P"]
    failed: Float[Tensor, " P"]
    evaluations: Float[Tensor, " P"]
    budget: Float[Tensor, " P"]
    x0: Float[Tensor, "P n"]
    f0: Float[Tensor, " P"]
    g0: Float[Tensor, "P n"]
    first_length: Float[Tensor, " P"]
    gradient_unit: Float[Tensor, " P"]
    history: History
