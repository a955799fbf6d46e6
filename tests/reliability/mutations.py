"""Ways in which a file may be wrong: damage to its bytes, and content that is well-formed but absurd."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Damage = Callable[[bytes, random.Random], bytes]

#: Numbers that stand where others are expected.
NUMBERS = (
    "0",
    "-1",
    "-0.0",
    "1e308",
    "-1e308",
    "1e-308",
    "1e400",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "9" * 25,
    "9" * 5000,
    "1e999999999",
    "0x" + "f" * 5000,
    "2147483648",
    "18446744073709551616",
    "1_000",
    "1.7.3",
    "3+4j",
    "1e-3",
    "1e300",
)
#: Values of JSON of every type.
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    "",
    "text",
    "\udce4",
    "a\x00b",
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    [1e308] * 9,
    10**30,
    10**400,
    float("nan"),
    float("inf"),
    ["x"] * 50,
    "9" * 5000,
    "../../etc/passwd",
    "/dev/zero",
    "file:a:b",
)


# Bytes


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def flip_at_the_ends(content: bytes, rng: random.Random) -> bytes:
    """Headers and directories stand there."""
    damaged = bytearray(content)
    place = rng.randrange(min(len(damaged), 400))
    damaged[rng.choice((place, -1 - place))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def behead(content: bytes, rng: random.Random) -> bytes:
    return content[rng.randrange(1, len(content)) :]


def blank(content: bytes, rng: random.Random) -> bytes:
    start, length = rng.randrange(len(content)), rng.choice((1, 4, 16, 500))
    return content[:start] + bytes([rng.choice((0, 255))]) * length + content[start + length :]


def repeat(content: bytes, rng: random.Random) -> bytes:
    start, length = rng.randrange(len(content)), rng.choice((1, 8, 64, 1000))
    return content[: start + length] + content[start:]


def remove(content: bytes, rng: random.Random) -> bytes:
    start, length = rng.randrange(len(content)), rng.choice((1, 8, 64, 1000))
    return content[:start] + content[start + length :]


def big_number(content: bytes, rng: random.Random) -> bytes:
    """A length or a count in a binary header that is far too large."""
    start = rng.randrange(max(1, len(content) - 8))
    return (
        content[:start] + rng.choice((b"\xff" * 4, b"\x7f" + b"\xff" * 7, b"\x00\x00\x00\x80")) + content[start + 4 :]
    )


def append(content: bytes, rng: random.Random) -> bytes:
    return content + rng.choice((b"\0", b"x" * 100, content))


def empty(content: bytes, rng: random.Random) -> bytes:
    return b""


def rubbish(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((1, 30, 3000)))


BYTES: tuple[Damage, ...] = (
    flip_bits,
    flip_bits,
    flip_bits,
    flip_at_the_ends,
    flip_at_the_ends,
    truncate,
    behead,
    blank,
    repeat,
    remove,
    big_number,
    append,
    empty,
    rubbish,
)


# Text


def _number_in(text: str, rng: random.Random, other: str) -> str:
    found = list(re.finditer(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", text))
    if not found:
        return text + other
    match = rng.choice(found)
    return text[: match.start()] + other + text[match.end() :]


def number(content: bytes, rng: random.Random) -> bytes:
    return _number_in(content.decode(), rng, rng.choice(NUMBERS)).encode()


def scaled_number(content: bytes, rng: random.Random) -> bytes:
    return _number_in(content.decode(), rng, repr(rng.uniform(-3000, 3000))).encode()


def lines(content: bytes, rng: random.Random) -> bytes:
    """A line that is missing, there twice, or in another place."""
    rows = content.decode().splitlines(keepends=True)
    row = rows.pop(rng.randrange(len(rows)))
    for _ in range(rng.choice((0, 1, 2))):
        rows.insert(rng.randrange(len(rows) + 1), row)
    return "".join(rows).encode()


def word(content: bytes, rng: random.Random) -> bytes:
    text = content.decode()
    found = list(re.finditer(r"[A-Za-z_]{3,}", text))
    match = rng.choice(found)
    other = rng.choice((match[0][::-1], "", match[0].upper(), "ä\u2028ö", "x" * 10**5, rng.choice(found)[0]))
    return (text[: match.start()] + other + text[match.end() :]).encode()


def nested(content: bytes, rng: random.Random) -> bytes:
    text, deep = content.decode(), rng.choice((100, 3000, 200_000))
    opening, closing = rng.choice((("[", "]"), ('{"a":', "}"), ("<body>", "</body>"), ("- ", "\n")))
    return _number_in(text, rng, opening * deep + "1" + closing * deep).encode()


def other_encoding(content: bytes, rng: random.Random) -> bytes:
    text = content.decode()
    return rng.choice(
        (text.encode("utf-16"), b"\xef\xbb\xbf" + content, text.replace("\n", "\r\n").encode(), b"\xe4" + content)
    )


TEXT: tuple[Damage, ...] = (number, number, number, scaled_number, lines, lines, word, word, nested, other_encoding)


# JSON


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(place for key in keys for place in _places(value[key], (*path, key)))]


def json_value(content: bytes, rng: random.Random) -> bytes:
    """Somewhere, from the root to a leaf, a value of another type."""
    tree = json.loads(content)
    place, value = rng.choice(_places(tree)), rng.choice(VALUES)
    if not place:
        return _dump(value)
    parent = tree
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return _dump(tree)


def json_key(content: bytes, rng: random.Random) -> bytes:
    """A key that is missing, or there twice with two values."""
    tree = json.loads(content)
    owners = [place for place in _places(tree) if place and isinstance(place[-1], str)]
    if not owners:
        return content
    place = rng.choice(owners)
    parent = tree
    for key in place[:-1]:
        parent = parent[key]
    if rng.random() < 0.5:
        del parent[place[-1]]
        return _dump(tree)
    parent["\ue000"] = rng.choice(VALUES)
    return _dump(tree).replace("\ue000".encode(), str(place[-1]).encode())


def _dump(tree: Any) -> bytes:
    import sys

    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return re.sub("[\ud800-\udfff]", lambda c: f"\\u{ord(c[0]):04x}", json.dumps(tree, ensure_ascii=False)).encode()
    finally:
        sys.set_int_max_str_digits(limit)


JSON: tuple[Damage, ...] = (
    json_value,
    json_value,
    json_value,
    json_key,
    json_key,
    nested,
    number,
    number,
    other_encoding,
)


# XML


def xml(content: bytes, rng: random.Random) -> bytes:
    """An element that a body has no use for, an attribute that costs too much, or two of what must be one."""
    text = content.decode()
    place = rng.choice(
        [match.end() for match in re.finditer(r"<(?:worldbody|body[^>]*|default|mujoco[^>]*|actuator)>", text)]
    )
    element = rng.choice(
        (
            '<include file="/etc/passwd"/>',
            '<include file="report.json"/>',
            '<geom size="1e308"/>',
            '<geom type="mesh" mesh="a"/>',
            '<replicate count="1000000000"><geom size="1"/></replicate>',
            "<body/>" * 1000,
            '<composite type="cable" count="9999 1 1"/>',
            '<asset><texture builtin="flat" type="2d" width="40000" height="40000"/></asset>',
            '<option iterations="2000000000"/>',
            '<extension><plugin plugin="mujoco.elasticity.cable"/></extension>',
            '<size memory="100G"/>',
            '<option timestep="nan"/>',
            '<asset><mesh name="a" vertex="0 0 0 1e308 0 0 0 nan 0 0 0 1"/></asset>',
            '<freejoint name="root"/>',
            "<!-- -->",
            '<asset><hfield name="a" nrow="30000" ncol="30000" size="1 1 1 1"/></asset>',
            '<site name="nose"/>',
            '<keyframe><key qpos="1 2"/></keyframe>',
            '<joint name="x" type="free"/>',
            '<geom name="floor" type="plane" size="0 0 1"/>',
        )
    )
    if rng.random() < 0.1:
        return b'<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + content
    return (text[:place] + element + text[place:]).encode()


# Archives


def npz(content: bytes, rng: random.Random) -> bytes:
    """An archive with an array that is missing, of another type or shape, or full of numbers that cannot be."""
    with np.load(io.BytesIO(content)) as archive:
        arrays: dict[str, Any] = dict(archive)
    key = rng.choice(sorted(arrays))
    array = arrays.pop(key)
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: array.astype("U"),
        lambda: array.astype("S"),
        lambda: np.zeros(array.shape, "c16"),
        lambda: np.zeros(array.shape, np.int8),
        lambda: np.zeros(array.shape, [("a", "f8")]),
        lambda: np.zeros((0, *array.shape[1:])),
        lambda: np.zeros((0, 10**15)),
        lambda: array[None],
        lambda: array.T.copy(),
        lambda: array.ravel(),
        lambda: array[: len(array) // 2] if array.ndim else array,
        lambda: np.full(array.shape, rng.choice((np.nan, np.inf, 1e308, -1.0, 0.0))),
        lambda: np.array(rng.choice((1e-3, 1e300, -30.0, 0.0, np.nan))),
        lambda: np.array([[["x" * 1000]]]),
        lambda: array.astype(">f4") if array.dtype.kind in "biuf" else array,
        lambda: rng.choice(list(arrays.values())),
    )
    other = rng.choice(kinds)()
    if other is not None:
        arrays[key] = other
    if rng.random() < 0.1:
        arrays["../" + key] = np.ones(3)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npz_header(content: bytes, rng: random.Random) -> bytes:
    """An archive whose directory is right and in which one array's header lies."""
    source, stream = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    names = source.namelist()
    liar = rng.choice(names)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            data = source.read(name)
            if name == liar:
                lies = (b"(100000000000,)", b"(-1,)", b"()", b"(2, 3)", b"(0, 99999999999)", b"[" * 200, b"'|O'")
                data = re.sub(rb"\([\d, ]*\)", rng.choice(lies), data[:128]) + data[128:]
            archive.writestr(name, data)
            if name == liar and rng.random() < 0.2:
                archive.writestr(name, data)
    return stream.getvalue()


def npz_bomb(content: bytes, rng: random.Random) -> bytes:
    """A small archive with a member of 700 MB, needed or not."""
    source, stream = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO(_bomb(rng.choice(("unused", "fps"))))
    with zipfile.ZipFile(stream, "a") as archive:
        for name in set(source.namelist()) - set(archive.namelist()):
            archive.writestr(name, source.read(name))
    return stream.getvalue()


@cache
def _bomb(key: str) -> bytes:
    stream = io.BytesIO()
    archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open(f"{key}.npy", "w") as member:
        facts = {"descr": "|u1", "fortran_order": False, "shape": (700 << 20,)}
        np.lib.format.write_array_header_1_0(member, facts)
        for _ in range(700):
            member.write(bytes(1 << 20))
    return stream.getvalue()


NPZ: tuple[Damage, ...] = (npz, npz, npz, npz_header, npz_header)
