"""Dataclasses that JSON can hold, that are read by key too, and that check what they are read from.

    @dataclass(frozen=True, eq=False)
    class Frames(Record):
        total: int
        fps: float
        note: str | None = None

    frames = Frames.of({"total": 50, "fps": 30})
    frames.total == frames["total"] == 50

A field without a default is always written, None as null. One whose default is None is left out while it is None.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import cache
from typing import Any, Self


class Record(Mapping[str, Any]):
    """The base of such a dataclass, which is to be declared with ``frozen=True, eq=False``."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        if key in self:
            return getattr(self, key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(key == name for name in self)

    def __iter__(self) -> Iterator[str]:
        for name, field in _fields(type(self)).items():
            if field.default is not None or getattr(self, name) is not None:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __hash__(self) -> int:
        return id(self)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """A record from a mapping such as JSON's; keys that it does not know are passed over.

        Raises:
            ValueError: a key is missing, or holds what the field cannot be; the message names it.
        """
        hints = _hints(cls)
        values = {}
        for name, field in _fields(cls).items():
            if name in content:
                values[name] = read(content[name], hints[name], name)
            elif field.default is MISSING and field.default_factory is MISSING:
                if type(None) not in typing.get_args(hints[name]):
                    raise ValueError(f"{name!r} is missing")
                values[name] = None
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """The same as dictionaries, lists, texts, numbers and None."""
        return {name: _plain(value) for name, value in self.items()}


def read(value: Any, hint: Any, name: str) -> Any:
    """A value of the type `hint`, made from what JSON holds.

    Raises:
        ValueError: it is something else.
    """
    if hint is Any:
        return value
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return None if value is None and type(None) in parts else read(value, parts[0], name)
    if origin in (tuple, list) and isinstance(value, tuple | list):
        made = [read(item, parts[0], f"{name}[{i}]") for i, item in enumerate(value)]
        return tuple(made) if origin is tuple else made
    if origin is dict and isinstance(value, Mapping):
        return {str(key): read(item, parts[1], f"{name}.{key}") for key, item in value.items()}
    if isinstance(hint, type):
        if isinstance(value, hint) and not (hint is not bool and isinstance(value, bool)):
            return value
        if issubclass(hint, Record) and isinstance(value, Mapping):
            try:
                return hint.of(value)
            except ValueError as error:
                raise ValueError(f"in {name!r}: {error}") from error
        if issubclass(hint, Enum) and value in [member.value for member in hint]:
            return hint(value)
        if hint in (int, float, bool) and getattr(value, "shape", None) == ():
            return read(value.item(), hint, name)  # of NumPy
        if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                raise ValueError(f"{name!r} is {_named(value)}, which is beyond all numbers") from None
        if hint is int and isinstance(value, float) and value.is_integer():
            return int(value)
    raise ValueError(f"{name!r} is {_named(value)}, expected {_named_type(hint)}")


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _named(value: Any) -> str:
    """What a value is, in words; it may be long, or of a stranger."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _named_type(hint: Any) -> str:
    origin = typing.get_origin(hint) or hint
    if isinstance(origin, type) and issubclass(origin, Enum):
        return f"one of {', '.join(repr(member.value) for member in origin)}"
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", dict: "an object"}
    return names.get(origin, "a list" if origin in (tuple, list) else "an object")


@cache
def _fields(kind: type) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(kind)}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
