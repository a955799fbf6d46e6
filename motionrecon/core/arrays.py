"""The one way from a dataclass to the arrays of an ``.npz`` archive and back: its annotations are the file's schema.

    @dataclass(frozen=True)
    class Clip:
        pixels: Float[np.ndarray, "T 33 2"]
        tracked: Bool[np.ndarray, "T"]
        fps: float
        names: tuple[str, ...]
        note: str | None = None

    unpack(Clip, pack(clip))

Names of lengths mean one length throughout a dataclass. A field that is a dataclass itself is stored under
``field/...``, and a tuple of records (`motionrecon.core.records`) as JSON. A field that is None is left out. A tuple of
other dataclasses is packed too, as ``field/0/...``, but not unpacked: `pack` also makes the keys of caches.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
from jaxtyping import AbstractArray

from motionrecon.core.records import Record, read

T = TypeVar("T")

#: Kinds of NumPy types that serve for each kind of array: whole numbers do where others, or yes and no, are expected.
_KINDS = {"float": "fiu", "int": "iu", "bool": "biu"}


def pack(record: Any) -> dict[str, np.ndarray]:
    """The arrays of a dataclass."""
    arrays: dict[str, np.ndarray] = {}
    for name in (field.name for field in fields(record)):
        value = getattr(record, name)
        if value is None:
            continue
        if isinstance(value, tuple) and any(isinstance(item, Record) for item in value):
            arrays[name] = np.array(json.dumps([item.to_json() for item in value]))
        elif isinstance(value, tuple) and any(is_dataclass(item) for item in value):
            for i, item in enumerate(value):
                arrays |= {f"{name}/{i}/{key}": array for key, array in pack(item).items()}
        elif is_dataclass(value):
            arrays |= {f"{name}/{key}": array for key, array in pack(value).items()}
        else:
            arrays[name] = np.asarray(value)
            if arrays[name].dtype.kind == "O":
                raise TypeError(f"{type(record).__name__}.{name} is {value!r}, which is no array")
    return arrays


def unpack(kind: type[T], arrays: Mapping[str, np.ndarray]) -> T:
    """The dataclass that `pack` made arrays of; keys that it does not know are passed over.

    Raises:
        ValueError: an array is missing, or has another shape or type than its field; the message names it.
    """
    with_defaults = [f.name for f in fields(kind) if f.default is not MISSING]  # type: ignore[arg-type]
    return kind(**values_of(schema(kind), arrays, with_defaults))


def values_of(
    wanted: Mapping[str, Any], arrays: Mapping[str, np.ndarray], optional: typing.Collection[str] = ()
) -> dict[str, Any]:
    """The values of fields, checked against their types `wanted`; errors as `unpack`."""
    lengths: dict[str, int] = {}
    values: dict[str, Any] = {}
    for name, hint in wanted.items():
        kind = _present(hint)
        if is_dataclass(kind) and isinstance(kind, type):
            inner = {key[len(name) + 1 :]: array for key, array in arrays.items() if key.startswith(f"{name}/")}
            if inner or hint is kind:
                values[name] = unpack(kind, inner)
                continue
        elif name in arrays:
            values[name] = _value(name, arrays[name], kind, lengths)
            continue
        if hint is not kind:
            values[name] = None
        elif name not in optional:
            raise ValueError(f"the key {name!r} is missing")
    return values


def schema(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    return dict(_hints(kind))


def _value(name: str, array: np.ndarray, kind: Any, lengths: dict[str, int]) -> Any:
    if isinstance(kind, type) and issubclass(kind, AbstractArray):
        return _array(name, array, kind, lengths)
    if kind == tuple[str, ...]:
        if array.ndim != 1 or (array.dtype.kind != "U" and array.size):
            raise ValueError(f"{name!r} is not a list of texts")
        return tuple(str(text) for text in array)
    if typing.get_origin(kind) is tuple and not _holds_records(kind):  # a few numbers
        parts = typing.get_args(kind)
        if array.shape != (len(parts),) or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise ValueError(f"{name!r} is {' '.join(repr(array).split())[:80]}, expected {len(parts)} numbers")
        return tuple(part(number) for part, number in zip(parts, array, strict=True))
    if _holds_records(kind) and array.shape == (0,):
        return ()
    if array.shape != ():
        raise ValueError(f"{name!r} has shape {array.shape}, expected one value")
    if _holds_records(kind):
        try:
            return read(json.loads(str(array)), kind, name)
        except json.JSONDecodeError as error:
            raise ValueError(f"{name!r} is not JSON") from error
    return read(array.item(), kind, name)


def _array(name: str, array: np.ndarray, kind: Any, lengths: dict[str, int]) -> np.ndarray:
    """The array, of the kind and shape that its annotation says; learns the lengths that it meets first."""
    wanted_kind = next(word for word in _KINDS if word in kind.dtypes[-1])
    if array.dtype.kind not in _KINDS[wanted_kind]:
        raise ValueError(f"{name!r} has values of type {array.dtype}")
    shape = kind.dim_str.split()
    wanted = [int(side) if side.isdigit() else lengths.get(side) for side in shape]
    if array.ndim != len(shape) or any(w is not None and w != n for w, n in zip(wanted, array.shape, strict=True)):
        expected = ", ".join(str(side if w is None else w) for side, w in zip(shape, wanted, strict=True))
        raise ValueError(f"{name!r} has shape {array.shape}, expected ({expected})")
    lengths.update({side: n for side, n in zip(shape, array.shape, strict=True) if not side.isdigit()})
    return array if wanted_kind == "int" else array.astype(wanted_kind)


def _present(hint: Any) -> Any:
    """A type without its "or None"."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint


def _holds_records(kind: Any) -> bool:
    parts = typing.get_args(kind)
    return typing.get_origin(kind) is tuple and isinstance(parts[0], type) and issubclass(parts[0], Record)


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
