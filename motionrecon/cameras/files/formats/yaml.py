"""The YAML in which calibrations are written: OpenCV's FileStorage, ROS's camera_info, Kalibr, what people dump.

A reader of its own, since OpenCV's header (``%YAML:1.0``) and maps (``{a:1}``) are not YAML to other readers, and since
it can do nothing but read: tags are passed over, so that no text makes an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Lists and maps in each other, at most; OpenCV's own files have three.
DEEPEST = 24

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null"), None),
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
    **dict.fromkeys((".inf", "+.inf", "inf"), float("inf")),
    "-.inf": float("-inf"),
    **dict.fromkeys((".nan", "nan"), float("nan")),
}
_QUOTED_KEY = re.compile(r"""("[^"]*"|'[^']*')\s*:(?=\s|$)""")
_NO_KEY = ("", *"[]{}#&*!|>%@`,")
_COLON = re.compile(r":(?=\s|$)")
_FLOW_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[^\s:,{}\[\]"']+)\s*:""")
_TAG = re.compile(r"!\S*\s*")
_NAMED = re.compile(r"([&*])([^\s,\[\]{}]+)\s*")


def looks_like(text: str) -> bool:
    """A YAML header, or a first line with a key or the dash of a list."""
    first = next((line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"), "")
    key = _key(first)
    return first.startswith(("%YAML", "---", "- ")) or (key is not None and "=" not in key[0])


def read(text: str) -> object:
    """The tree of a YAML text; of several documents, the first."""
    lines = list(_lines(text))
    if not lines:
        return None
    reader = _Reader(lines)
    found = reader.block(lines[0].indent, 0)
    if reader.at < len(lines):
        raise ValueError(f"line {lines[reader.at].number} does not belong to what stands above it")
    return found


def scalar(text: str) -> object:
    """A number, a truth value, None, or the text itself without its quotes."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if _NUMBER.fullmatch(text):
        # Nobody counts to 10^15 here, and Python refuses integers of thousands of digits.
        return int(text) if text.lstrip("+-").isdecimal() and len(text) < 16 else float(text)
    return _WORDS.get(text.lower(), text)


@dataclass
class _Line:
    number: int
    indent: int
    text: str


def _lines(text: str) -> Iterator[_Line]:
    """The lines that say something, without comments."""
    begun = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = _without_comment(raw.expandtabs(8)).rstrip()
        if not line.strip() or line.startswith("%"):
            continue
        if line.startswith(("---", "...")):
            if begun:
                return
            line = line[3:].strip()
            if not line or _TAG.fullmatch(line):
                continue
        begun = True
        content = line.lstrip(" ")
        yield _Line(number, len(line) - len(content), content)


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    quote = ""
    for i, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and (i == 0 or line[i - 1] in " [{,:"):
            quote = char
        elif char == "#" and (i == 0 or line[i - 1] == " "):
            return line[:i]
    return line


@dataclass
class _Reader:
    lines: list[_Line]
    at: int = 0
    anchors: dict[str, object] = field(default_factory=dict)
    anchored: int = 0

    def block(self, indent: int, depth: int) -> object:
        """What stands from the present line on, at this indentation."""
        if depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        line = self.lines[self.at]
        if _is_item(line.text):
            return self._sequence(indent, depth)
        if _key(line.text):
            return self._mapping(indent, depth)
        self.at += 1
        return self._value(line.text, indent - 1, depth)

    def _sequence(self, indent: int, depth: int) -> list[object]:
        found: list[object] = []
        while self._here(indent) and _is_item(self.lines[self.at].text):
            line = self.lines[self.at]
            rest = line.text[1:].lstrip()
            if rest and (_is_item(rest) or _key(rest)):
                # "- key: value" and "- - value" start a block of their own behind the dash.
                self.lines[self.at] = _Line(line.number, indent + len(line.text) - len(rest), rest)
                found.append(self.block(self.lines[self.at].indent, depth + 1))
            else:
                self.at += 1
                found.append(self._value(rest, indent, depth))
        return found

    def _mapping(self, indent: int, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while self._here(indent) and not _is_item(self.lines[self.at].text):
            line = self.lines[self.at]
            key = _key(line.text)
            if key is None:
                raise ValueError(f"line {line.number} has no key: {line.text[:40]!r}")
            self.at += 1
            found[key[0]] = self._value(line.text[key[1] :].strip(), indent, depth, of_key=True)
        return found

    def _value(self, text: str, indent: int, depth: int, of_key: bool = False) -> object:
        """The value that starts with `text` and goes on in deeper lines."""
        text = _TAG.sub("", text, count=1) if text.startswith("!") else text
        if named := _NAMED.match(text):
            return self._named(named, text[named.end() :], indent, depth, of_key)
        if text[:1] in ("[", "{"):
            text = self._joined(text)
            value, end = self._flow(text, 0, depth + 1)
            if text[end:].strip():
                raise ValueError(f"{text[end:].strip()[:40]!r} follows a list before line {self._number()}")
            return value
        if re.fullmatch(r"[|>][-+\d]*", text):
            written = []
            while self.at < len(self.lines) and self.lines[self.at].indent > indent:
                written.append(self.lines[self.at].text)
                self.at += 1
            return "\n".join(written)
        if text:
            return scalar(text)
        if self.at < len(self.lines):
            after = self.lines[self.at]
            if after.indent > indent or (of_key and after.indent == indent and _is_item(after.text)):
                return self.block(after.indent, depth + 1)
        return None

    def _named(self, named: re.Match[str], rest: str, indent: int, depth: int, of_key: bool) -> object:
        """An anchor and its value, or what an alias repeats. Aliases within anchors could grow without end: refused."""
        if named[1] == "*":
            if self.anchored or named[2] not in self.anchors:
                raise ValueError(f"the alias *{named[2]} cannot be followed")
            return self.anchors[named[2]]
        self.anchored += 1
        value = self._value(rest, indent, depth, of_key)
        self.anchored -= 1
        self.anchors[named[2]] = value
        return value

    def _joined(self, text: str) -> str:
        """A list or map in brackets, with the lines over which it goes on."""
        parts, open_ = [text], _open(text)
        while open_ > 0 and self.at < len(self.lines):
            parts.append(self.lines[self.at].text)
            open_ += _open(parts[-1])
            self.at += 1
        if open_ != 0:
            raise ValueError(f"a bracket is not closed before line {self._number()}")
        return " ".join(parts)

    def _flow(self, text: str, at: int, depth: int) -> tuple[object, int]:
        """The value in brackets that starts at a character, and where it ends."""
        if depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
        at = _blank(text, at)
        if text[at : at + 1] == "[":
            items: list[object] = []
            at = _blank(text, at + 1)
            while text[at : at + 1] != "]":
                item, at = self._flow(text, at, depth + 1)
                items.append(item)
                at = self._comma(text, at, "]")
            return items, at + 1
        if text[at : at + 1] == "{":
            pairs: dict[str, object] = {}
            at = _blank(text, at + 1)
            while text[at : at + 1] != "}":
                key = _FLOW_KEY.match(text, at)
                if key is None:
                    raise ValueError(f"a key is missing at {text[at : at + 20]!r}")
                pairs[_unquoted(key[1])], at = self._flow(text, key.end(), depth + 1)
                at = self._comma(text, at, "}")
            return pairs, at + 1
        if text[at : at + 1] in ("'", '"'):
            end = text.find(text[at], at + 1) + 1
            if end == 0:
                raise ValueError(f"a quote is not closed at {text[at : at + 20]!r}")
            return scalar(text[at:end]), end
        plain = re.compile(r"[^,\[\]{}]*").match(text, at)
        assert plain is not None
        word = _TAG.sub("", plain[0].strip(), count=1) if plain[0].startswith("!") else plain[0].strip()
        if word.startswith(("&", "*")):
            raise ValueError(f"the alias {word[:20]} cannot be followed")
        return scalar(word), plain.end()

    def _comma(self, text: str, at: int, closing: str) -> int:
        at = _blank(text, at)
        if text[at : at + 1] == ",":
            return _blank(text, at + 1)
        if text[at : at + 1] != closing:
            raise ValueError(f"a comma or {closing!r} is missing at {text[at : at + 20]!r}")
        return at

    def _here(self, indent: int) -> bool:
        """Whether the present line belongs to a block of this indentation."""
        if self.at >= len(self.lines) or self.lines[self.at].indent < indent:
            return False
        if self.lines[self.at].indent > indent:
            raise ValueError(f"line {self.lines[self.at].number} is indented more than the lines above it")
        return True

    def _number(self) -> int:
        return self.lines[min(self.at, len(self.lines) - 1)].number


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _key(text: str) -> tuple[str, int] | None:
    """The key with which a line starts, and where its value does."""
    if text[:1] in ("'", '"'):
        quoted = _QUOTED_KEY.match(text)
        return None if quoted is None else (_unquoted(quoted[1]), quoted.end())
    colon = None if text[:1] in _NO_KEY else _COLON.search(text)
    return None if colon is None else (text[: colon.start()].strip(), colon.end())


def _unquoted(key: str) -> str:
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] and key[0] in "\"'" else key.strip()


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] == " ":
        at += 1
    return at


def _open(text: str) -> int:
    """Brackets that a text opens and does not close, quotes apart."""
    bare = re.sub(r"""(?<![\w.])"[^"]*"|(?<![\w.])'[^']*'""", "", text)
    return sum((char in "[{") - (char in "]}") for char in bare)
