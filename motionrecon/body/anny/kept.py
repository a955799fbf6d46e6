"""People of Anny, kept in the user's cache: building one takes seconds, most of them to load Anny itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from motionrecon.body.anny.source import Source, volume
from motionrecon.body.anny.stretch import fattened
from motionrecon.body.anny.template import template_of
from motionrecon.body.mesh.flesh import fleshed
from motionrecon.body.mesh.template import Template
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.files import read_arrays, write_arrays
from motionrecon.core.user_cache import cache_dir
from motionrecon.errors import ModelError, OutputError

#: The people of this process who were asked for last, so that the same one is the same object, and how many these are.
_RECENT: dict[tuple[float, float, str, float], Template] = {}
_MOST_RECENT = 4
#: People are kept by height, mass and age in steps: metres, kilograms, years. What is left is made up by scaling.
_STEPS = (0.01, 1.0, 1.0)
#: Kilograms of a person to the litre of their skin, roughly.
_DENSITY = 1.02
#: How far a girth may be from that which Anny builds.
_GIRTHS = (0.8, 1.6)


def person(height: float, mass: float, sex: str, age: float, advance: Callable[[int], None]) -> Template:
    """Somebody of this height (m), mass (kg), sex (male, female, neutral) and age (years), in the T pose.

    Args:
        height, mass, sex, age: of the person.
        advance: told of the steps of building them.

    Raises:
        ModelError: Anny is not installed.
    """
    asked = height, mass, sex, age
    if asked not in _RECENT:
        found = _person(height, mass, sex, age, advance)
        for forgotten in list(_RECENT)[: 1 - _MOST_RECENT]:
            del _RECENT[forgotten]
        _RECENT[asked] = found
    return _RECENT[asked]


def _person(height: float, mass: float, sex: str, age: float, advance: Callable[[int], None]) -> Template:
    """Somebody out of the user's cache, or else built."""
    tall, heavy, old = (step * round(value / step) for value, step in zip((height, mass, age), _STEPS, strict=True))
    path = cache_dir() / "anny" / f"{_key(tall, heavy, sex, old)}.npz"
    built = _load(path)
    if built is None:
        built = _built(tall, heavy, sex, old, advance)
        _save(path, built)
    return built.scaled(height / tall)


def _built(height: float, mass: float, sex: str, age: float, advance: Callable[[int], None]) -> Template:
    litres = mass / _DENSITY
    figure = Source().person(height, sex, age, litres, advance)
    girth = (litres / 1000.0 / volume(figure)) ** 0.5
    low, high = _GIRTHS
    person = template_of(figure)
    if abs(girth - 1.0) > 0.01:  # fatter or thinner than Anny builds people
        person = fattened(person, min(max(girth, low), high))
    return fleshed(person)


def _load(path: Path) -> Template | None:
    """The person who is kept there; None where there is none, or the file is damaged."""
    try:
        return unpack(Template, read_arrays(path, sealed=True))
    except (OSError, ValueError):
        return None


def _save(path: Path, built: Template) -> None:
    """Keep a person; where the cache cannot be written, they are built again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_arrays(path, pack(built), sealed=True, compress=True)
    except (OSError, OutputError):
        return


def _key(height: float, mass: float, sex: str, age: float) -> str:
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for module in (*sorted(here.glob("*.py")), *sorted((here.parent / "mesh").glob("*.py"))):
        digest.update(module.read_bytes())
    try:
        version = metadata.version("anny")
    except metadata.PackageNotFoundError as error:
        raise ModelError("body=anny needs the package anny, which is missing: install motionrecon again") from error
    known = [version, f"{height:.2f}", f"{mass:.0f}", f"{age:.0f}", sex]
    digest.update(json.dumps(known).encode())
    return digest.hexdigest()[:16]
