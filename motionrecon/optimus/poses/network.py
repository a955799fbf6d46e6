"""The network: from features of the unknowns and facts of the problem to what a step should be.

Its lines are written once, with the operations that numpy and torch call by the same names: `says` is given the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

#: An array of numpy, or a tensor of torch.
Array = Any
#: Encoders, each of which predicts one rank-one term of the metric.
LAYERS = 3
_SWITCHES = ("attention", "rank_one", "runs", "facts_shown", "gauss_newton")


@dataclass(frozen=True)
class PoseNetworkSizes:
    """What makes a network; saved with its weights.

    Attributes:
        unknowns: n of a frame.
        channels: features of a token.
        facts: features of a frame, which all its tokens see.
        width: of a token inside.
        heads: of the attention.
        attention: whether the unknowns of a frame hear of each other; False for the control.
        rank_one: whether the encoders add rank-one terms; False for the control.
        runs: whether frames of a run hear of each other.
        facts_shown: whether the facts of a frame are seen, and not just what tokens see; False for the control.
        gauss_newton: whether the metric begins as Gauss-Newton's; False for the control that begins with a diagonal.

    Raises:
        ValueError: there is no such network.
    """

    unknowns: int
    channels: int
    facts: int
    width: int = 32
    heads: int = 2
    attention: bool = True
    rank_one: bool = True
    runs: bool = False
    facts_shown: bool = True
    gauss_newton: bool = True

    def __post_init__(self) -> None:
        for name, value in self.as_dict().items():
            if not (isinstance(value, bool) if name in _SWITCHES else isinstance(value, int) and value > 0):
                raise ValueError(f"{name} is {value!r}")
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not share a width of {self.width} evenly")

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds them."""
        return asdict(self)


class PoseSays(NamedTuple):
    """What the network says about R runs of L frames of n unknowns; all 0 leaves damped Gauss-Newton.

    Attributes:
        pull: (R, L n) where each unknown should go, in units of its reach.
        precision: (R, L n) logarithm of the factor on its damping: how firmly it is pulled there.
        terms: (R, 3, L n) rank-one terms of the metric, in units of the root of the damping's scale.
    """

    pull: Array
    precision: Array
    terms: Array


def initial(sizes: PoseNetworkSizes, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Untrained weights: branch silent, and rank-one terms nearly so (at 0 their own gradient would be 0)."""
    w, weights = sizes.width, {}

    def linear(name: str, inputs: int, outputs: int, gain: float = 1.0) -> None:
        weights[f"{name}.w"] = gain * rng.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        weights[f"{name}.b"] = np.zeros(outputs)

    def normed(name: str) -> None:
        weights[f"{name}.g"], weights[f"{name}.c"] = np.ones(w), np.zeros(w)

    linear("token", sizes.channels, w)
    weights["identity"] = 0.3 * rng.normal(size=(sizes.unknowns, w))
    linear("facts", sizes.facts, w)
    linear("facts_wide", sizes.facts, 2 * w)
    linear("facts_narrow", 2 * w, w)
    for k in range(LAYERS):
        for kind, there in (("within", sizes.attention), ("along", sizes.runs)):
            if there:
                normed(f"{k}.{kind}.norm")
                linear(f"{k}.{kind}.qkv", w, 3 * w)
                # Frames hear nothing of each other at first, so that training may go on from single frames.
                linear(f"{k}.{kind}.out", w, w, gain=1.0 if kind == "within" else 0.0)
        normed(f"{k}.norm")
        linear(f"{k}.wide", w, 2 * w)
        linear(f"{k}.narrow", 2 * w, w)
        if sizes.rank_one:
            linear(f"{k}.term", w, 1, gain=0.1)
    linear("branch", w, 2, gain=0.0)
    weights["branch.own"] = np.zeros((sizes.unknowns, 2))
    return {name: value.astype(np.float32) for name, value in weights.items()}


def says(weights: Mapping[str, Array], sizes: PoseNetworkSizes, tokens: Array, facts: Array, xp: Any) -> PoseSays:
    """What to do.

    Args:
        weights: of `initial` or trained.
        sizes: of the network.
        tokens: (R, L, n, channels), float32.
        facts: (R, L, facts), float32.
        xp: numpy or torch, whose arrays these are.
    """
    R, L, n, _ = tokens.shape
    facts = facts if sizes.facts_shown else facts * 0
    known = _linear(weights, "facts", facts)
    known = known + _linear(weights, "facts_narrow", _relu(_linear(weights, "facts_wide", facts)))
    h = _linear(weights, "token", tokens) + weights["identity"] + known[:, :, None]
    terms = []
    for k in range(LAYERS):
        if sizes.attention:
            h = h + _attention(weights, f"{k}.within", h, sizes.heads, xp)
        if sizes.runs:
            h = h + _attention(weights, f"{k}.along", h.swapaxes(1, 2), sizes.heads, xp).swapaxes(1, 2)
        h = h + _linear(weights, f"{k}.narrow", _relu(_linear(weights, f"{k}.wide", _normed(weights, f"{k}.norm", h))))
        if sizes.rank_one:
            terms.append(_linear(weights, f"{k}.term", h).reshape(R, L * n))
    branch = _linear(weights, "branch", h) + weights["branch.own"]
    stacked = xp.stack(terms, 1) if terms else xp.zeros((R, LAYERS, L * n), dtype=branch.dtype)
    return PoseSays(branch[..., 0].reshape(R, L * n), branch[..., 1].reshape(R, L * n), stacked)


def _linear(weights: Mapping[str, Array], name: str, x: Array) -> Array:
    return x @ weights[f"{name}.w"] + weights[f"{name}.b"]


def _relu(x: Array) -> Array:
    return x * (x > 0)


def _normed(weights: Mapping[str, Array], name: str, x: Array) -> Array:
    """Layer normalization."""
    away = x - x.mean(-1)[..., None]
    return away * ((away * away).mean(-1)[..., None] + 1e-5) ** -0.5 * weights[f"{name}.g"] + weights[f"{name}.c"]


def _attention(weights: Mapping[str, Array], name: str, h: Array, heads: int, xp: Any) -> Array:
    """Attention over the last axis but one, batched over those before."""
    *batch, n, width = h.shape
    qkv = _linear(weights, f"{name}.qkv", _normed(weights, f"{name}.norm", h))
    q, k, v = (
        qkv[..., part * width : (part + 1) * width].reshape(*batch, n, heads, width // heads).swapaxes(-2, -3)
        for part in range(3)
    )
    scores = q @ k.swapaxes(-1, -2) * (width // heads) ** -0.5
    return _linear(weights, f"{name}.out", (_softmax(scores, xp) @ v).swapaxes(-2, -3).reshape(*batch, n, width))


def _softmax(scores: Array, xp: Any) -> Array:
    """Over the last axis; torch has it as one operation, which its derivatives are glad of."""
    if hasattr(xp, "softmax"):
        return xp.softmax(scores, -1)
    share = xp.exp(scores - scores.max(-1)[..., None])
    return share / share.sum(-1)[..., None]
