"""Tensors of P problems that step together, as the fields of a frozen dataclass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self, get_type_hints

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.utils._pytree import register_pytree_node


class Batched:
    """Base of such dataclasses. A field is a tensor whose first axis is P, or such a dataclass itself.

    Nothing is written to: a change makes another value, which shares what did not change. torch's tree functions
    (``torch.utils._pytree``), and so ``torch.func``, go over the tensors.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init_subclass__(cls) -> None:
        def made(values: Any, names: Any) -> Any:
            return object.__new__(cls)._with(dict(zip(names, values, strict=True)))

        register_pytree_node(cls, lambda value: (list(vars(value).values()), list(vars(value))), made)

    def replace(self, **changes: Any) -> Self:
        """The same with other fields."""
        found: Self = object.__new__(type(self))
        fields = found.__dict__  # past __init__ and frozen attributes: a step makes dozens of these
        fields.update(self.__dict__)
        known = len(fields)
        fields.update(changes)
        if len(fields) > known:
            raise TypeError(
                f"{type(self).__name__} has no field {', '.join(sorted(fields.keys() - vars(self).keys()))}"
            )
        return found

    def where(self, mask: Bool[Tensor, " P"], **changes: Any) -> Self:
        """The same with other values of fields in the problems marked by ``mask``; numbers stand for all of these."""
        for name, value in changes.items():
            old: Tensor = getattr(self, name)
            dimensions = old.dim()
            marked = mask if dimensions == 1 else mask[(..., *[None] * (dimensions - 1))]
            changes[name] = torch.where(marked, value, old)
        return self.replace(**changes)

    def tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """All tensors by their names, those of a dataclass within as ``field.name``."""
        for name, value in vars(self).items():
            if isinstance(value, Batched):
                yield from value.tensors(f"{prefix}{name}.")
            else:
                yield prefix + name, value

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], prefix: str = "") -> Self:
        """The value whose `tensors` these are; KeyError where one is missing."""
        kinds = get_type_hints(cls)
        fields = {
            name: kinds[name].from_tensors(tensors, f"{prefix}{name}.")
            if issubclass(kinds[name], Batched)
            else tensors[prefix + name]
            for name in cls.__dataclass_fields__
        }
        return object.__new__(cls)._with(fields)

    def _with(self, fields: dict[str, Any]) -> Self:
        vars(self).update(fields)
        return self
