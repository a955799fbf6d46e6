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


#: How to make each rule, untrained.
RULES: dict[str, Callable[[], nn.Module]] = {
    "optimus": _optimus(),
    "optimus-no-attention": _optimus(attention=False),
    "optimus-identity": _optimus(identity=True),
    "optimus-no-trend": _optimus(explore=False),
    "adafactor": _adafactor,
}


def build(name: str) -> nn.Module:
    """The untrained rule called ``name``; torch's global generator draws its weights."""
    if name not in RULES:
        raise InputError(f"rule={name!r} is unknown: choose from {', '.join(RULES)}")
    return RULES[name]()
