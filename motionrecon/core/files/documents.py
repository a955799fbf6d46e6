"""JSON and TOML that may be nested a million deep, or hold numbers that nobody can use."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from motionrecon.core.files.reading import TEXT_LIMIT, read_text

#: Bytes of JSON; an hour of video makes a report of 3 MB. What Python makes of it takes up to twenty times as much.
JSON_LIMIT = 32 << 20
#: Brackets within brackets in JSON or TOML; no format that is read here has ten.
_DEEPEST = 64


def read_json(path: str | Path, limit: int = JSON_LIMIT) -> Any:
    """The value of a JSON file; errors as `read_text`, and ValueError, with the line, for what is not JSON."""
    return parse_json(read_text(path, limit))


def parse_json(text: str) -> Any:
    """The value of a JSON text; integers of more than 18 digits become floats, as in JavaScript.

    Raises:
        ValueError: it is not JSON, nested too deeply, or holds a number too large for any use.
    """
    _check_depth(text)
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON (line {error.lineno}: {error.msg})") from error
    except RecursionError as error:  # called from deep within a program
        raise ValueError("not usable JSON: nested too deeply") from error


def read_toml(path: str | Path, limit: int = TEXT_LIMIT) -> dict[str, Any]:
    """The tables of a TOML file; errors as `read_text`, and ValueError, with the line, for what is not TOML."""
    return parse_toml(read_text(path, limit))


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises:
        ValueError: it is not TOML, nested too deeply, or holds a number too large for any use.
    """
    import tomllib

    _check_depth(text)
    word = r"[\w\"'-]"
    if re.search(rf"(?<!{word})(?:{word}++[ \t]*+\.[ \t]*+){{{_DEEPEST},}}", text):
        raise ValueError(f"not usable: a key has more than {_DEEPEST} parts")
    try:
        content = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"not TOML: {error}") from error
    except ValueError as error:  # Python's own bound on the digits of an integer, an impossible date
        raise ValueError(f"not TOML that can be used: {str(error).split(';')[0]}") from error
    values: list[Any] = [content]
    while values:
        value = values.pop()
        if isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, int) and value.bit_length() > 1000:
            raise ValueError("not usable: a number has hundreds of digits")
    return content


def _check_depth(text: str) -> None:
    """Raise ValueError where brackets stand too deep in each other; those within strings do not count."""
    depth = 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*|[\[{]|[\]}]', text):
        if match[0] in "[{":
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"brackets are nested more than {_DEEPEST} deep")
        elif match[0] in "]}":
            depth = max(0, depth - 1)


def _integer(digits: str) -> int | float:
    if len(digits) <= 18:
        return int(digits)
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"not usable JSON: a number has {len(digits)} digits")
    return value
