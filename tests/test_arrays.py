"""Dataclasses as arrays and as JSON: what goes in comes out, and what does not fit is named."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pytest
from jaxtyping import Bool, Float, Int

from motionrecon.core.arrays import pack, unpack
from motionrecon.core.records import Record


class Kind(StrEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, eq=False)
class Part(Record):
    first: int
    kind: Kind
    loss: float | None = None


@dataclass(frozen=True, eq=False)
class Whole(Record):
    parts: tuple[Part, ...]
    source: str | None
    part: Part | None = None
    seconds: dict[str, float] | None = None


@dataclass(frozen=True)
class State:
    qpos: Float[np.ndarray, " nq"]


@dataclass(frozen=True)
class Course:
    frame: int
    fps: float
    ok: bool
    title: str
    size: tuple[int, int]
    names: tuple[str, ...]
    state: State
    pixels: Float[np.ndarray, "T 33 2"]
    tracked: Bool[np.ndarray, " T"]
    steps: Int[np.ndarray, " n"]
    parts: tuple[Part, ...]
    start: State | None = None
    guess: Float[np.ndarray, "T 3"] | None = None
    scale: float = 1.0


def course() -> Course:
    parts = (Part(0, Kind.GOOD, 0.5), Part(3, Kind.BAD))
    state = State(np.arange(3.0))
    pixels = np.random.default_rng(0).standard_normal((4, 33, 2))
    return Course(
        7, 30.0, True, "a walk", (640, 480), ("nose", "eye"), state, pixels, np.ones(4, bool), np.arange(2), parts
    )


def same(one: Course, other: Course) -> bool:
    a, b = pack(one), pack(other)
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_arrays_come_back(tmp_path):
    one = course()
    np.savez(tmp_path / "course.npz", **pack(one))
    with np.load(tmp_path / "course.npz", allow_pickle=False) as file:
        again = unpack(Course, dict(file))
    assert same(one, again)
    assert again.size == (640, 480) and again.names == one.names and again.parts[1].kind is Kind.BAD
    assert isinstance(again.frame, int) and isinstance(again.fps, float) and again.ok is True
    assert again.start is None and again.guess is None and again.scale == 1.0
    full = replace(one, start=State(np.zeros(2)), guess=np.zeros((4, 3)), scale=2.0)
    assert same(unpack(Course, pack(full)), full)


def test_whole_numbers_do_for_others_and_strange_keys_are_passed_over():
    arrays = pack(course()) | {"pixels": np.ones((4, 33, 2), int), "fps": np.array(30), "stranger": np.zeros(3)}
    assert unpack(Course, arrays).pixels.dtype == float and unpack(Course, arrays).fps == 30.0


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("pixels", None, "'pixels' is missing"),
        ("state/qpos", None, "'qpos' is missing"),
        ("pixels", np.zeros((4, 32, 2)), r"'pixels' has shape \(4, 32, 2\), expected \(T, 33, 2\)"),
        ("tracked", np.ones(5, bool), r"'tracked' has shape \(5,\), expected \(4\)"),
        ("tracked", np.ones(4), "'tracked' has values of type float64"),
        ("pixels", np.full((4, 33, 2), "x"), "'pixels' has values of type <U1"),
        ("steps", np.zeros(2), "'steps' has values of type float64"),
        ("fps", np.zeros(2), r"'fps' has shape \(2,\), expected one value"),
        ("fps", np.array("fast"), "'fps' is 'fast', expected a number"),
        ("frame", np.array(1.5), "'frame' is 1.5, expected a whole number"),
        ("ok", np.array(1), "'ok' is 1, expected true or false"),
        ("size", np.zeros(3), "'size' is .*, expected 2 numbers"),
        ("names", np.zeros(3), "'names' is not a list of texts"),
        ("parts", np.array("nonsense"), "'parts' is not JSON"),
        ("parts", np.array('[{"first": 1}]'), r"in 'parts\[0\]': 'kind' is missing"),
        ("parts", np.array('[{"first": 1, "kind": "odd"}]'), "'kind' is 'odd', expected one of 'good', 'bad'"),
    ],
)
def test_what_does_not_fit_is_named(key, value, said):
    arrays = pack(course())
    arrays = {k: v for k, v in (arrays | {key: value}).items() if v is not None}
    with pytest.raises(ValueError, match=said):
        unpack(Course, arrays)


def test_a_record_is_read_by_name_and_by_key():
    whole = Whole((Part(1, Kind.GOOD),), None, Part(2, Kind.BAD, 0.25))
    assert whole["parts"][0]["kind"] == "good" and whole["source"] is None and whole["part"]["loss"] == 0.25
    assert "source" in whole and "seconds" not in whole and whole.get("nothing", 3) == 3
    assert whole.seconds is None and whole.get("seconds", 4) == 4, "what is left out is no key, as in JSON"
    with pytest.raises(KeyError):
        whole["nothing"]
    assert whole == {"parts": ({"first": 1, "kind": "good"},), "source": None, "part": dict(whole.part)}
    text = json.dumps(whole.to_json())
    assert text == '{"parts": [{"first": 1, "kind": "good"}], "source": null, "part": {"first": 2, "kind": "bad", "loss": 0.25}}'  # fmt: skip # noqa: E501
    assert Whole.of(json.loads(text)) == whole
    assert Whole.of({"parts": []}) == Whole((), None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "'parts' is missing"),
        ({"parts": {}}, "'parts' is an object, expected a list"),
        ({"parts": [3]}, r"'parts\[0\]' is 3, expected an object"),
        ({"parts": [{"first": True, "kind": "good"}]}, r"in 'parts\[0\]': 'first' is True, expected a whole number"),
        ({"parts": [], "source": 3}, "'source' is 3, expected a text"),
        ({"parts": [], "part": "x" * 99}, r"'part' is 'xxx.*\.\.\., expected an object"),
        ({"parts": [], "seconds": {"fit": "long"}}, r"'seconds\.fit' is 'long', expected a number"),
        ({"parts": [], "seconds": []}, "'seconds' is a list, expected an object"),
    ],
)
def test_a_record_names_what_it_cannot_be_read_from(content, said):
    with pytest.raises(ValueError, match=said):
        Whole.of(content)
