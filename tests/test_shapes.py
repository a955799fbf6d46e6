"""The check of shapes that all tests run under: it finds what is wrong and lets pass what is right."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
import shapes

MODULE = """
from __future__ import annotations
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
import numpy as np
from jaxtyping import Bool, Float
if TYPE_CHECKING:
    from fractions import Fraction
    from nowhere import Absent

def scaled(x: Float[np.ndarray, "T J 3"], weight: Float[np.ndarray, "T J"], by: float) -> Float[np.ndarray, "T J 3"]:
    return by * weight[..., None] * x

def broken(x: Float[np.ndarray, "T 3"]) -> Float[np.ndarray, "T 2"]:
    return x

def cut(x: Float[np.ndarray, "T 3"], end: int) -> Float[np.ndarray, "T 3"]:
    return x[:end]

def joined(parts: list[Float[np.ndarray, "T 3"]]) -> None:
    pass

def two(x: Float[np.ndarray, "T 3"], end: int) -> tuple[float, Float[np.ndarray, "T 3"] | None]:
    return 1.0, x[:end] if end else None

def pair(x: Float[np.ndarray, "T 3"], many: int) -> tuple[Float[np.ndarray, "T 3"], float]:
    return (x, 1.0, 2.0)[:many]

def several(parts: list[Float[np.ndarray, "T 3"]], x: Float[np.ndarray, "T 3"]) -> tuple[Float[np.ndarray, "3"], ...]:
    return tuple(x[0, : part.shape[1]] for part in parts)

def nested(x: Float[np.ndarray, "T 3"], end: int) -> tuple[tuple[Float[np.ndarray, "T 3"], ...], float]:
    return (x[:end],), 1.0

def typed(flag: Bool[np.ndarray, "T"] | None, share: Fraction, other: Absent) -> int:
    return 1

def each(x: Float[np.ndarray, "T 3"]) -> Iterator[Float[np.ndarray, "3"]]:
    yield from x

@dataclass(frozen=True)
class Seen:
    pixels: Float[np.ndarray, "T 33 2"]
    tracked: Bool[np.ndarray, "T"]
    fps: float = 30.0

    @property
    def one(self) -> Float[np.ndarray, "33 3"]:
        return self.pixels[0]

    @staticmethod
    def of(count: int) -> Seen:
        return Seen(np.zeros((count, 33, 2)), np.ones(count, bool))
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    (folder / "shaped_example.py").write_text(MODULE)
    finders = list(sys.meta_path)
    sys.path.insert(0, str(folder))
    try:
        shapes.install("shaped_example")
        yield importlib.import_module("shaped_example")
    finally:
        sys.path.remove(str(folder))
        sys.meta_path[:] = finders


def test_what_is_right_passes(module):
    assert module.scaled(np.ones((4, 5, 3)), np.ones((4, 5)), 2).shape == (4, 5, 3)  # an int for a float
    assert module.scaled(x=np.ones((4, 5, 3), np.float32), weight=np.ones((4, 5)), by=2.0).shape == (4, 5, 3)
    assert module.typed(None, object(), object()) == module.typed(np.ones(2, bool), 3, "any") == 1
    assert len(list(module.each(np.zeros((2, 3))))) == 2
    assert len(module.Seen.of(3).pixels) == 3 and repr(module.Seen.of(1)).startswith("Seen(")


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.scaled(np.zeros((4, 5, 2)), np.zeros((4, 5)), 2.0),
        lambda m: m.scaled(np.zeros((4, 5, 3)), np.zeros((4, 6)), 2.0),
        lambda m: m.scaled(np.zeros((4, 5, 3), int), np.zeros((4, 5)), 2.0),
        lambda m: m.scaled([[[0.0, 0.0, 0.0]]], np.zeros((1, 1)), 2.0),
        lambda m: m.broken(np.zeros((4, 3))),
        lambda m: m.typed(np.zeros(4), None, None),
        lambda m: m.Seen(np.zeros((4, 33, 2)), np.ones(5, bool)),
        lambda m: m.Seen(np.zeros((4, 33, 2)), np.zeros(4)),
        lambda m: m.Seen.of(2).one,
    ],
)
def test_what_is_wrong_does_not(module, call):
    with pytest.raises(Exception, match="violates type hint"):
        call(module)


def test_what_was_right_once_is_not_right_for_ever(module):
    x = np.zeros((4, 3))
    assert len(module.cut(x, 4)) == len(module.cut(x, 4)) == 4
    module.joined([x])
    for wrong in (lambda: module.cut(x, 3), lambda: module.cut(x[:, :2], 4), lambda: module.joined([x[0]])):
        for _ in range(2):
            with pytest.raises(Exception, match="violates type hint"):
                wrong()
    assert len(module.cut(x, 4)) == 4


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (lambda m, x: m.two(x, 4), lambda m, x: m.two(x, 3)),
        (lambda m, x: m.two(x, 0), lambda m, x: m.two(x, 1)),
        (lambda m, x: m.pair(x, 2), lambda m, x: m.pair(x, 3)),
        (lambda m, x: m.pair(x, 2), lambda m, x: m.pair(x, 1)),
        (lambda m, x: m.nested(x, 4), lambda m, x: m.nested(x, 3)),
        (lambda m, x: m.several([x], x), lambda m, x: m.several([x[:, :2]], x)),
    ],
)
def test_several_results_are_each_looked_at(module, right, wrong):
    x = np.zeros((4, 3))
    for _ in range(2):
        right(module, x)
        with pytest.raises(Exception, match="violates type hint"):
            wrong(module, x)
