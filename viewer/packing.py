"""A document as bytes: JSON to stand inside a page, or JSON and arrays as the page's server sends them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from motionrecon.viewer.document import Document


def as_json(document: Document) -> str:
    """A document as JSON that may stand inside a page: no text in it can end its element."""
    text = json.dumps(_plain(document, _base64), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def packed(document: Document) -> bytes:
    """A document for the page's server: its JSON and its length, then all arrays, one after the other.

    The length is 4 bytes, the lowest first; every array begins at a multiple of 4 bytes from the end of the JSON, where
    it says, and so does that end.
    """
    blob = bytearray()

    def put(value: np.ndarray) -> dict[str, Any]:
        at = len(blob)
        blob.extend(value.tobytes())
        blob.extend(bytes(-len(blob) % 4))
        return {"at": at}

    text = json.dumps(_plain(document, put), ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + bytes(blob)


def _plain(value: Any, put: Callable[[np.ndarray], dict[str, Any]]) -> Any:
    """Dataclasses as dictionaries, with the `kind` of a part, and arrays as what `put` says of their content."""
    if isinstance(value, np.ndarray):
        little = _little(value)
        return {"type": little.dtype.str[1:], "shape": list(little.shape)} | put(little)
    if is_dataclass(value):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        return kind | {field.name: _plain(getattr(value, field.name), put) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(one, put) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, put) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


def _little(value: np.ndarray) -> np.ndarray:
    """An array of a type that the page knows, in the order of bytes that it expects."""
    if value.dtype == np.float64:
        value = value.astype(np.float32)
    elif value.dtype.kind == "i":
        value = value.astype(np.int32)
    return np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)


def _base64(value: np.ndarray) -> dict[str, Any]:
    return {"data": base64.b64encode(value.tobytes()).decode()}
