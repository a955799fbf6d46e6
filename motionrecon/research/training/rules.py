"""The learned optimizers that can be trained on functions, by name; the controls are among them."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn


def _adafactor() -> nn.Module:
    from motionrecon.optimus.adafactor import AdafactorMLP

    return AdafactorMLP()


def _paper(attention: bool = True, rank_one: bool = True) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from motionrecon.optimus.paper.rule import PaperRule, default_sizes

        return PaperRule(default_sizes(attention=attention, rank_one=rank_one))

    return make


#: How to make each rule, untrained.
RULES: dict[str, Callable[[], nn.Module]] = {
    "optimus-paper": _paper(),
    "optimus-paper-no-attention": _paper(attention=False),
    "optimus-paper-no-rank-one": _paper(rank_one=False),
    "adafactor": _adafactor,
}


def build(name: str) -> nn.Module:
    """The untrained rule called ``name``; torch's global generator draws its weights."""
    return RULES[name]()
