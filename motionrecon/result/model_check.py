"""Whether a ``model.xml`` may be given to MuJoCo: a person's body that needs no other file.

MuJoCo's XML can include files and load plugins, meshes and pictures from beside it, and a line of it can ask for a
billion copies or gigabytes of texture. A body of ours needs none of that, so a short list of elements is let through,
and no attribute that names a file, sizes a memory or multiplies.
"""

from __future__ import annotations

from collections import Counter
from xml.parsers import expat

#: Bytes of a model; one of a body of capsules has 20,000, one with its skin as a mesh a million.
LIMIT = 8 << 20
_MOST_ELEMENTS = 20_000
#: How many of an element there may be where its price grows faster than its length in the file.
_MOST = {"body": 500, "joint": 1000, "geom": 2000, "site": 5000, "light": 20, "camera": 20, "mesh": 20, "key": 100}
_MOST_ATTRIBUTES = 64
_DEEPEST = 100

_ELEMENTS = frozenset(
    " ".join(
        (
            "mujoco compiler option flag statistic visual global quality headlight map scale rgba default custom text",
            "worldbody body frame joint freejoint inertial geom site light camera asset material mesh contact exclude",
            "pair equality connect weld tendon fixed spatial actuator position motor general velocity damper sensor",
            "keyframe key deformable skin bone",
        )
    ).split()
)
_FORBIDDEN = frozenset(
    ("file", "meshdir", "texturedir", "assetdir", "plugin", "instance", "texture", "builtin", "hfield", "content_type")
)
#: As in MuJoCo (mjMAXVAL): what is larger is a mistake.
_LARGEST_NUMBER = 1e10
#: Whole numbers that cost time or memory, and the most that they may be.
_LARGEST = {
    "iterations": 1000,
    "ls_iterations": 1000,
    "noslip_iterations": 1000,
    "ccd_iterations": 1000,
    "sdf_iterations": 1000,
    "sdf_initpoints": 1000,
    "offwidth": 8192,
    "offheight": 8192,
    "shadowsize": 8192,
    "offsamples": 16,
    "numslices": 1000,
    "numstacks": 1000,
    "numquads": 1000,
    "maxhullvert": 100_000,
}


def check(text: str) -> None:
    """Make sure that a model is a body that stands alone, before MuJoCo reads it.

    Raises:
        ValueError: it is not XML, not a model, or asks for something that no body of motionrecon needs.
    """
    if len(text) > LIMIT:
        raise ValueError(f"it has {len(text) / 1e6:.0f} MB, and {LIMIT / 1e6:.0f} MB is the most that is read")
    parser = expat.ParserCreate()
    reader = _ElementCheck()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise ValueError(f"not XML (line {error.lineno}: {expat.ErrorString(error.code)})") from error


class _ElementCheck:
    """Looks at each element as the parser meets it."""

    def __init__(self) -> None:
        self._depth = 0
        self._counts: Counter[str] = Counter()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._counts[name] += 1
        if self._depth == 1 and name != "mujoco":
            raise ValueError(f"not a MuJoCo model: it starts with <{name[:40]}>")
        if name not in _ELEMENTS:
            raise ValueError(f"it holds <{name[:40]}>, which no body of motionrecon has")
        if self._depth > _DEEPEST:
            raise ValueError(f"its elements are nested more than {_DEEPEST} deep")
        if self._counts[name] > _MOST.get(name, _MOST_ELEMENTS) or self._counts.total() > _MOST_ELEMENTS:
            raise ValueError(f"it holds more than {_MOST.get(name, _MOST_ELEMENTS)} of <{name}>")
        if len(attributes) > _MOST_ATTRIBUTES:
            raise ValueError(f"<{name}> has {len(attributes)} attributes")
        for key, value in attributes.items():
            _check_attribute(name, key, value)

    def end(self, name: str) -> None:
        self._depth -= 1

    def doctype(self, *_: object) -> None:
        raise ValueError("it declares a document type, which no model needs")


def _check_attribute(name: str, key: str, value: str) -> None:
    if key in _FORBIDDEN or key.startswith("nuser_"):
        raise ValueError(f'<{name}> has {key}="{value[:40]}", which no body of motionrecon has')
    if key in _LARGEST:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not 0 <= number <= _LARGEST[key]:
            raise ValueError(f'<{name}> has {key}="{value[:40]}", and {_LARGEST[key]} is the most that is read')
    absurd = [word for word in value.split() if not abs(_number(word)) <= _LARGEST_NUMBER]
    if absurd:  # MuJoCo takes such numbers, with a warning in a file in the current folder
        raise ValueError(f'<{name}> has {key}="{value[:40]}"; {absurd[0][:20]} is no number of a body')


def _number(word: str) -> float:
    """The number that a word is; 0 where it is none."""
    try:
        return float(word)
    except ValueError:
        return 0.0
