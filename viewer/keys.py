"""The keys of the page: one table, which the page obeys and lists, and which help and documentation tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from motionrecon.viewer.layers import LAYERS, Layer


@dataclass(frozen=True)
class Key:
    """Keys that do one thing.

    Attributes:
        keys: as a browser calls them, in lower case.
        action: what they do, by its name in the page's program.
        given: to it; None for nothing.
        told: how they are called, perhaps together with the next ones; empty where those before said it.
        what: what they do, in words.
    """

    keys: tuple[str, ...]
    action: str
    given: str | int | None
    told: str = ""
    what: str = ""


_ALWAYS = (
    Key((" ", "k"), "toggle", None, "Space or K", "play or pause"),
    Key(("arrowleft", "j"), "step", -1, "← or J", "a frame back (with Shift ten)"),
    Key(("arrowright", "l"), "step", 1, "→ or L", "a frame on (with Shift ten)"),
    Key(("home",), "seek", 0, "Home, End", "the first and the last frame"),
    Key(("end",), "last", None),
    Key(("-",), "faster", -1, "− and +", "slower and faster"),
    Key(("+", "="), "faster", 1),
    Key(("[",), "range", "from", "[ and ]", "the loop begins and ends here; \\ ends it"),
    Key(("]",), "range", "to"),
    Key(("\\",), "range", "all"),
    Key(("0",), "from", "home", "0 to 4", "views: home, front, side, back, top"),
    Key(("1",), "from", "front"),
    Key(("2",), "from", "side"),
    Key(("3",), "from", "back"),
    Key(("4",), "from", "top"),
    Key(("c",), "nextCamera", None, "C", "look through the next camera, and back"),
    Key(("f",), "show", "follow", "F", "follow the person"),
    Key(("d",), "dark", None, "D", "dark or light"),
    Key(("?",), "help", None, "?", "these keys"),
)
_OF_TWO = (
    Key(("p",), "show", "apart", "P", "side by side, or in one place"),
    Key(("a",), "show", "align", "A", "both begin at one place and face the same way"),
)


def keys_of(layers: Iterable[tuple[str, Layer]], results: int) -> tuple[Key, ...]:
    """The keys of a page with these layers, by their names, and so many results."""
    taken = {key for one in _ALWAYS for key in one.keys}
    shows = tuple(
        Key((layer.key,), "show", name, layer.key.upper(), f"{layer.label.lower()}, shown or hidden")
        for name, layer in layers
        if layer.key and layer.key not in taken
    )
    return (*_ALWAYS, *shows, *(_OF_TWO if results > 1 else ()))


def told(layers: Mapping[str, Layer] = LAYERS) -> dict[str, str]:
    """What all keys do, by how they are called; those of two results say so."""
    several, one = keys_of(layers.items(), 2), keys_of(layers.items(), 1)
    return {key.told: key.what if key in one else f"of two results: {key.what}" for key in several if key.told}


def in_a_sentence() -> str:
    """All keys, for a command's help."""
    return "; ".join(f"{keys}: {what.replace('; ', ', ')}" for keys, what in told().items())


def as_table() -> str:
    """All keys as Markdown."""
    rows = [f"| {keys} | {what} |" for keys, what in told().items()]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows])
