"""Optimus: built-in rules for functions, learned steps for poses, Gauss-Newton for sums of squares; and its peers.

:class:`Optimus` is the door for torch users, a :class:`torch.optim.Optimizer`; ``motionrecon.minimize`` with
``method="optimus"`` is the other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motionrecon.optimus.torch_optimizer import Optimus

__all__ = ["Optimus"]


def __getattr__(name: str) -> Any:
    # Loaded when first used: parts of this package serve where torch is not needed.
    if name == "Optimus":
        from motionrecon.optimus.torch_optimizer import Optimus

        return Optimus
    raise AttributeError(f"module 'motionrecon.optimus' has no attribute {name!r}")
