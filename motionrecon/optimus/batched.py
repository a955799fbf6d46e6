"""Tensors of P problems that step together: `Rows` that torch's tree functions know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch.utils._pytree import register_pytree_node

from motionrecon.optimus.rows import Rows


class Batched(Rows):
    """Base of dataclasses of tensors. torch's tree functions (``torch.utils._pytree``), and so ``torch.func``, go over
    them."""

    choose: ClassVar[Callable[..., Any]] = staticmethod(torch.where)

    def __init_subclass__(cls) -> None:
        def made(values: Any, names: Any) -> Any:
            return object.__new__(cls)._with(dict(zip(names, values, strict=True)))

        register_pytree_node(cls, lambda value: (list(vars(value).values()), list(vars(value))), made)
