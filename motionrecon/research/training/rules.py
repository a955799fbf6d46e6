"""The learned optimizers that can be trained, by name; the controls are among them."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from motionrecon.errors import InputError


def _optimus(attention: bool = True, identity: bool = False, explore: bool = True) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from motionrecon.optimus.network.rule import OptimusRule, default_sizes

        return OptimusRule(default_sizes(attention=attention), identity=identity, explore=explore)

    return make


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
    "optimus": _optimus(),
    "optimus-no-attention": _optimus(attention=False),
    "optimus-identity": _optimus(identity=True),
    "optimus-no-trend": _optimus(explore=False),
    "optimus-paper": _paper(),
    "optimus-paper-no-attention": _paper(attention=False),
    "optimus-paper-no-rank-one": _paper(rank_one=False),
    "adafactor": _adafactor,
}


def build(name: str) -> nn.Module:
    """The untrained rule called ``name``; torch's global generator draws its weights."""
    if name not in RULES:
        raise InputError(f"rule={name!r} is unknown: choose from {', '.join(RULES)}")
    return RULES[name]()
