"""The person as capsules: segment lengths and mass in, MJCF out."""

from collections.abc import Callable

from motionrecon.body.capsules.body import CapsuleAnatomy, Capsules
from motionrecon.body.described import Described

read = CapsuleAnatomy


def build(described: Described, advance: Callable[[int], None] = lambda steps: None) -> Capsules:
    """Somebody of this height and mass; capsules have no sex."""
    return Capsules.build(described.height, described.likely_mass)
