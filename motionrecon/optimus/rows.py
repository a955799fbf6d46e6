"""Arrays of P problems that step together, as the fields of a frozen dataclass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self, get_type_hints

import numpy as np


class Rows:
    """Base of such dataclasses. A field is an array whose first axis is P, or such a dataclass itself.

    Nothing is written to: a change makes another value, which shares what did not change.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    #: What chooses, entry by entry: ``choose(mask, then, otherwise)``.
    choose: ClassVar[Callable[..., Any]] = staticmethod(np.where)

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

    def where(self, mask: Any, **changes: Any) -> Self:
        """The same with other values of fields in the problems marked by ``mask`` (P,); numbers stand for all of these.

        The mask is of the fields' own kind of arrays, NumPy's here.
        """
        for name, value in changes.items():
            old = getattr(self, name)
            marked = mask if old.ndim == 1 else mask[(..., *[None] * (old.ndim - 1))]
            changes[name] = self.choose(marked, value, old)
        return self.replace(**changes)

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """All arrays by their names, those of a dataclass within as ``field.name``."""
        for name, value in vars(self).items():
            if isinstance(value, Rows):
                yield from value.arrays(f"{prefix}{name}.")
            else:
                yield prefix + name, value

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], prefix: str = "") -> Self:
        """The value whose `arrays` these are; KeyError where one is missing."""
        kinds = get_type_hints(cls)
        fields = {
            name: kinds[name].from_arrays(arrays, f"{prefix}{name}.")
            if isinstance(kinds[name], type) and issubclass(kinds[name], Rows)
            else arrays[prefix + name]
            for name in cls.__dataclass_fields__
        }
        return object.__new__(cls)._with(fields)

    def _with(self, fields: dict[str, Any]) -> Self:
        vars(self).update(fields)
        return self
