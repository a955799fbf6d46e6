"""Which parts of a calibration's tree are cameras, however they are nested, and what each part says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from motionrecon.cameras.files.vocabulary import BOARDS, COEFFICIENTS, LONGEST, PARTS, plain, quantity, rank

#: Quantities that are arrays.
_ARRAYS = frozenset(
    (
        "matrix",
        "distortions",
        "radial",
        "tangential",
        "rotation",
        "translation",
        "extrinsics",
        "size",
        "focal",
        "centre",
    )
)
#: Quantities that say where a camera is.
POSE = frozenset(("rotation", "translation", "extrinsics"))
#: What stands once for all cameras counts for each of them.
_SHARED = ("size", "width", "height", "unit", "fisheye")
#: Deeper than this no tool puts a camera.
_DEEPEST = 12

#: ``K_01``, ``cameraMatrix1``, ``dist_left``; ``left_K``, ``cam1_matrix``.
_BEHIND = re.compile(r"(?P<what>.+?)(?P<gap>[ _.\-]*)(?P<which>\d+|(?<=[ _.\-])[A-Za-z]+|(?<=[a-z])[LR]|Left|Right)")
_BEFORE = re.compile(r"(?P<which>(?:cam(?:era)?[ _]?)?\d+|left|right|[lr])(?P<gap>[ _.\-]+)(?P<what>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """What a file says about one camera.

    Attributes:
        path: the keys that lead to it; empty for a file that is one camera.
        values: what is said, by the names of `vocabulary.NAMES`.
        keys: how the file spells those names.
    """

    path: tuple[str, ...]
    values: dict[str, object] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    @property
    def called(self) -> str:
        """The camera's name: what the section says, else the last of its keys, else its number."""
        counted = not self.path or self.path[-1].isdecimal()
        return self._said("name") or (self._said("id") if counted else "") or (self.path[-1] if self.path else "")

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that may be given to mean this camera: its name, its place in the file, its number."""
        return (self.called, ".".join(self.path), *self.path[-1:], self._said("id"))

    def _said(self, name: str) -> str:
        said = self.values.get(name)
        return str(said).strip() if isinstance(said, str | int | float) and not isinstance(said, bool) else ""

    def with_shared(self, shared: Section) -> Section:
        """This section, with what stands once for all cameras where it does not say so itself."""
        own = set(self.values)
        if "size" in own or "width" in own:
            own |= {"size", "width", "height"}
        more = {name: value for name, value in shared.values.items() if name in _SHARED and name not in own}
        return replace(self, values=self.values | more, keys={name: shared.keys[name] for name in more} | self.keys)


def find(tree: object) -> tuple[list[Section], list[Section]]:
    """The cameras of a tree: sections that have a matrix or a focal length, in the order of the file.

    Poses that stand apart from the matrices, under the same names, join them. All poses that stand apart come second.
    """
    found = [section for section in _walk(tree, (), Section(())) if section.values]
    poses = [section for section in found if not _is_camera(section)]
    cameras = []
    for section in filter(_is_camera, found):
        if not POSE & section.values.keys():
            for pose in poses:
                if section.path and pose.called == section.called:
                    section = Section(section.path, pose.values | section.values, pose.keys | section.keys)
        cameras.append(section)
    # A camera of a set that is yet to be calibrated says matrix = "null".
    return [section for section in cameras if not _missing(section.values.get("matrix", 0))] or cameras, poses


def _is_camera(section: Section) -> bool:
    return not {"matrix", "fx", "focal"}.isdisjoint(section.values)


def _walk(tree: object, path: tuple[str, ...], shared: Section) -> Iterator[Section]:
    """Sections that describe a camera or its pose, from the outside in."""
    if len(path) > _DEEPEST:
        return
    if isinstance(tree, list):
        for i, item in enumerate(tree):
            if isinstance(item, dict):
                yield from _walk(item, (*path, str(i)), shared)
    if not isinstance(tree, dict):
        return
    node = {str(key): value for key, value in tree.items()}
    here = _section(node, path)
    metadata = node.get("metadata")
    if isinstance(metadata, dict):
        shared = _section(metadata, path).with_shared(shared)
        if any(plain(str(key)) in BOARDS and _is_large(value) for key, value in metadata.items()):
            shared = shared.with_shared(Section(path, {"unit": "mm"}, {"unit": "unit"}))
    if _is_camera(here):
        yield here.with_shared(shared)
        return
    shared = here.with_shared(shared)
    if grouped := _grouped(node, path):
        yield from (section.with_shared(shared) for section in grouped)
        if POSE & here.values.keys():
            yield here
        return
    if POSE & here.values.keys():
        yield here
    for key, value in node.items():
        if isinstance(value, dict | list):
            yield from _walk(value, (*path, key), shared)


def _section(node: dict[str, object], path: tuple[str, ...], depth: int = 0) -> Section:
    """What a node says itself, and in the parts that only group what belongs to one camera."""
    values: dict[str, object] = {}
    keys: dict[str, str] = {}
    parts: list[Section] = []
    for key, value in node.items():
        name = quantity(key)
        if isinstance(value, dict) and not is_array(value):
            if depth < 3 and (plain(key) in PARTS or name in _ARRAYS):
                parts.append(_section({str(k): v for k, v in value.items()}, path, depth + 1))
        elif name is None or (name != "matrix" and _missing(value)) or (name in COEFFICIENTS and is_array(value)):
            continue  # k1 is a coefficient, K1 a matrix
        elif name == "focal" and _count(value) > 2:
            continue  # f is a focal length, F a fundamental matrix
        elif name not in values or rank(key) < rank(keys[name]):
            values[name], keys[name] = value, key
    if "rotation" in values and "translation" not in values and {"p", "projectionmatrix"} & set(map(plain, node)):
        del values["rotation"]  # ROS's R turns a picture for stereo
    for part in parts:
        for name, value in part.values.items():
            if name not in ("name", "id"):  # a lens has a name too
                values.setdefault(name, value)
                keys.setdefault(name, part.keys[name])
    return Section(path, values, keys)


def _grouped(node: dict[str, object], path: tuple[str, ...]) -> list[Section]:
    """Cameras that stand in the keys of one flat section (``K_01``, ``dist_01``, ``K_02``) or under its quantities.

    The latter is ``{K: {left: ..., right: ...}, dist: {left: ..., right: ...}}``.
    """
    groups: dict[str, Section] = {}
    ranks: dict[tuple[str, str], int] = {}

    def add(which: str, what: str, key: str, value: object) -> None:
        name = quantity(what)
        group = groups.setdefault(which, Section((*path, which)))
        if name is not None and rank(what) < ranks.get((which, name), 1000):
            group.values[name], group.keys[name], ranks[which, name] = value, key, rank(what)

    for key, value in node.items():
        if isinstance(value, dict) and not is_array(value) and quantity(key) in _ARRAYS:
            if value and all(map(is_array, value.values())):
                for which, inner in value.items():
                    add(str(which), key, f"{key}.{which}", inner)
            continue
        if len(key) > LONGEST or (quantity(key) is not None and quantity(key) not in COEFFICIENTS):
            continue
        for pattern in (_BEHIND, _BEFORE):
            split = pattern.fullmatch(key)
            name = None if split is None else quantity(split["what"])
            if split is not None and name is not None and (is_array(value) or (split["gap"] and name in _SHARED)):
                add(split["which"], split["what"], key, value)
                break
    for group in groups.values():
        # R1 and R2 without T1 and T2 are what cv2.stereoRectify turns pictures by, no pose.
        if "rotation" in group and "translation" not in group:
            del group.values["rotation"]
    return [group for group in groups.values() if _is_camera(group)]


def is_array(value: object) -> bool:
    """Whether a value is numbers: a list, or a map as OpenCV and ROS write matrices, or {x, y, z}."""
    if isinstance(value, dict):
        return "data" in value or "".join(sorted(str(key).lower() for key in value)) in ("xy", "xyz", "wxyz")
    return isinstance(value, list)


def _count(value: object) -> int:
    """How many values there are in an array, however it is written."""
    if isinstance(value, dict):
        return _count(value.get("data", list(value.values())))
    return sum(map(_count, value)) if isinstance(value, list) else 1


def _is_large(value: object) -> bool:
    """Whether a board's square is measured in millimetres."""
    return isinstance(value, int | float) and value >= 1


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in ("", "null", "none", "nan"))
