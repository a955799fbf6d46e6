"""Optimus for sums of squares by the name of its weights: Gauss-Newton, advised by a network where there are any."""

from __future__ import annotations

from typing import Any

from motionrecon.optimus.gauss_newton.optimizer import OptimusSquares


def with_weights(weights: str = "", **hyper: Any) -> OptimusSquares:
    """The optimizer.

    Args:
        weights: a name of :mod:`motionrecon.optimus.weights`, or a ``.safetensors`` file; "" for none: then only the
            classical seeds act, and torch is not needed.
        hyper: its hyperparameters.

    Raises:
        InputError: there are no such weights, or they are for something else.
    """
    if not weights:
        return OptimusSquares(**hyper)
    from motionrecon.optimus.weights import load_squares

    return OptimusSquares(advise=load_squares(weights).advice, **hyper)
