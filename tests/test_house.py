"""The house: no circle of imports, and nobody looks into a noun that has an owner."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


#: Where the parts of the package stand in the repository.
PARTS = {"motionrecon": ROOT / "motionrecon", "motionrecon.viewer": ROOT / "viewer", "motionrecon.data": ROOT / "data"}


def modules() -> dict[str, Path]:
    """All modules of the package by their names."""
    found = {}
    for name, folder in PARTS.items():
        for path in folder.rglob("*.py"):
            parts = [name, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imported(node: ast.AST, lazily: bool) -> Iterator[str]:
    """The package's modules that code imports when it runs, or, `lazily`, also when its functions are called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.FunctionDef) and not lazily:
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name in MODULES)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                yield whole if whole in MODULES else str(child.module)
        yield from imported(child, lazily)


@cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


@cache
def arrows(lazily: bool) -> dict[str, set[str]]:
    """What each module imports. Not to be written to."""
    return {name: {to for to in imported(tree, lazily) if to in MODULES} for name, tree in trees().items()}


def room(module: str) -> str:
    """The folder of a module, or the module itself where it stands at the top."""
    parts = module.split(".")
    return ".".join(parts[:2])


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of a graph; none if it has none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_it_sees_circles():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) and not circle({"a": {"b", "c"}, "b": {"c"}})
    assert len(MODULES) > 150 and any("motionrecon.kinematics.fit" in to for to in arrows(False).values())


@pytest.mark.parametrize("lazily", [False, True], ids=["when imported", "when run"])
def test_no_module_imports_itself_by_a_detour(lazily):
    assert not circle(arrows(lazily))


@pytest.mark.parametrize("lazily", [False, True], ids=["when imported", "when run"])
def test_no_two_rooms_import_each_other(lazily):
    graph: dict[str, set[str]] = {}
    for name, to in arrows(lazily).items():
        graph.setdefault(room(name), set()).update({room(other) for other in to} - {room(name)})
    graph.pop("motionrecon", None)
    assert not circle({name: to - {"motionrecon"} for name, to in graph.items()})


@pytest.mark.parametrize("place", sorted({room(name) for name in MODULES} - {"motionrecon"}))
def test_no_two_classes_of_a_room_have_one_name(place):
    """Not those that only their file knows either: whoever reads the room meets both."""
    assert not twice(lambda node: isinstance(node, ast.ClassDef), place, private=True)


def twice(chosen: Callable[[ast.stmt], bool], place: str, private: bool = False) -> set[str]:
    """The names that several files of a room give to what they define."""
    found: Counter[str] = Counter()
    for module in (name for name in MODULES if room(name) == place):
        defined = [node for node in trees()[module].body if chosen(node)]
        names = {name for node in defined for name in named(node) if private or not name.startswith("_")}
        found.update(names)
    return {name for name, times in found.items() if times > 1}


def named(node: ast.stmt) -> set[str]:
    """What a statement at the top of a module defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)} - {"__all__"}


@pytest.mark.parametrize("place", ["motionrecon.chessboard", "motionrecon.rig"])
def test_a_public_name_means_one_thing_in_its_room(place):
    assert not twice(lambda node: True, place)


def test_it_sees_what_is_called_the_same():
    assert "looks_like" in twice(lambda node: True, "motionrecon.cameras")  # a registry's files all have it


def users(pattern: str, *owners: str) -> set[str]:
    """The files beside those of the owners in which code matches."""
    found = {
        str(path.relative_to(ROOT))
        for path in MODULES.values()
        if any(re.search(pattern, line.partition("#")[0]) for line in path.read_text(encoding="utf-8").splitlines())
    }
    return {path for path in found if not path.startswith(owners)}


def test_nobody_but_files_reads_a_cameras_matrices():
    assert users(r"\.(R_camera_world|t_camera_world)\b", "motionrecon/cameras/") == {
        "motionrecon/result/schema.py",  # motion.npz
        "motionrecon/research/tasks/windows.py",  # the archives of the corpora
        "data/make_clip.py",  # a clip's truth and calibration
    }


def test_there_is_one_forward_kinematics():
    assert users(r"mj_kinematics|mj_comPos|\b(site|geom)_xpos\b") == {"motionrecon/body/pose.py"}


def test_only_capsules_know_capsules():
    """The kinematic stage gets its body from `motionrecon.body`; the research and the recipes build their own."""
    strangers = users(r"motionrecon\.body\.capsules", "motionrecon/body/", "motionrecon/research/", "data/")
    assert not strangers


def test_only_who_picks_it_knows_the_plane():
    assert users(r"ground\.plane import", "motionrecon/ground/") == {
        "motionrecon/kinematics/stage.py",
        "motionrecon/kinematics/likely.py",
        "motionrecon/body/anny/body.py",
        "motionrecon/body/capsules/body.py",
        "motionrecon/body/smpl/body.py",
        "data/make_windows.py",
    }
