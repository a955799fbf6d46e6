"""Motions in other programs' formats.

Only here do other axes, degrees and other units exist. A format is a module with ``write(motion, path, *, ...)``, whose
keyword parameters are its options, and a line in ``FORMATS``; ``motionrecon export`` makes flags of the options.
What may be replaced is asked by `export` here, before it calls a format: ``write`` itself replaces what is there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from motionrecon.core.docstrings import arguments
from motionrecon.core.files import is_same
from motionrecon.errors import InputError, OutputError

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


@dataclass(frozen=True)
class Format:
    """One format of files.

    Attributes:
        module: has ``write(motion, path, *, ...)``, and is imported when that is called.
        suffixes: what its files' names end with, in lower case, the usual one first. The longest that a name ends with
            chooses the format, and one that several share means the first of them.
        what: whom it serves, for the help.
        beside: endings, instead of a file's suffix, of others that it writes beside it.
        surface: whether its files hold the person's surface, with which not everything may be done
            (`motionrecon.body.Anatomy.licence`).
        by_suffix: whether another program writes them, by the suffix, which therefore must be one of these.
    """

    module: str
    suffixes: tuple[str, ...]
    what: str
    beside: tuple[str, ...] = ()
    surface: bool = False
    by_suffix: bool = False

    @property
    def write(self) -> Callable[..., None]:
        return cast("Callable[..., None]", import_module(self.module).write)

    @property
    def options(self) -> dict[str, str]:
        """The keyword parameters of `write` by their names, each with its type as it stands there."""
        return {one.arg: ast.unparse(one.annotation) for one in _write(self.module).args.kwonlyargs if one.annotation}

    @property
    def help(self) -> dict[str, str]:
        """What the docstring of `write` says of each parameter."""
        return arguments(ast.get_docstring(_write(self.module)) or "")

    def files(self, path: str | Path) -> list[Path]:
        """All files that may be written for one."""
        return [Path(path), *(Path(path).with_suffix(end) for end in self.beside)]


@cache
def _write(module: str) -> ast.FunctionDef:
    """A format's ``write`` as it stands in the source: what it takes is told without importing NumPy, SciPy, MuJoCo."""
    spec = find_spec(module)
    source = Path(spec.origin).read_bytes() if spec and spec.origin else b""
    return next(part for part in ast.parse(source).body if isinstance(part, ast.FunctionDef) and part.name == "write")


#: The formats by their names.
FORMATS: dict[str, Format] = {
    "bvh": Format(
        "motionrecon.export.bvh", (".bvh",), "Blender and other animation programs: bones alone", (".unseen.txt",)
    ),
    "glb": Format(
        "motionrecon.export.glb", (".glb",), "Blender, game engines, web pages: the person in motion", surface=True
    ),
    "usd": Format(
        "motionrecon.export.usd",
        (".usd", ".usda", ".usdc", ".usdz"),
        "Omniverse, Houdini and Maya",
        surface=True,
        by_suffix=True,
    ),
    "amass": Format("motionrecon.export.amass", (".npz",), "what reads AMASS: an SMPL-H, SMPL-X or SMPL body"),
    "blend": Format(
        "motionrecon.export.blender.files",
        (".blend",),
        "a scene of Blender, where that is installed",
        surface=True,
        by_suffix=True,
    ),
    "fbx": Format(
        "motionrecon.export.blender.files",
        (".fbx",),
        "game engines and Maya, where Blender is installed",
        surface=True,
        by_suffix=True,
    ),
    "trc": Format("motionrecon.export.trc", (".trc",), "OpenSim, markers"),
    "mot": Format("motionrecon.export.mot", (".mot",), "OpenSim, joint angles"),
    "mot-forces": Format(
        "motionrecon.export.mot_forces", ("_forces.mot", ".mot"), "OpenSim, ground forces", (".loads.xml",)
    ),
    "csv": Format(
        "motionrecon.export.csv",
        (".csv",),
        "spreadsheets, R, MATLAB, pandas",
        (".columns.csv", ".events.csv", ".gait.csv", ".strides.csv"),
    ),
    "c3d": Format("motionrecon.export.c3d", (".c3d",), "motion capture laboratories"),
    "osim": Format("motionrecon.export.osim", (".osim",), "OpenSim, the person as a model"),
}


def export(motion: Motion, path: str | Path, format: str | None = None, *, force: bool = False, **options: Any) -> None:
    """Write ``motion`` into the file ``path``, or into several beside it where the format needs them.

    Args:
        motion: what is written.
        path: the file; its suffix chooses the format where ``format`` does not.
        format: a name of `FORMATS`.
        force: replace the file, and those that the format writes beside it, if they are there, but never one that the
            motion was made from or that an option names.
        options: of the format: keyword parameters of its module's ``write``.

    Raises:
        InputError: no such format, an option that it does not take, or a value that the option cannot have.
        OutputError: a file is there already (and not ``force``), or cannot be written.
    """
    name = format_of(path, format)
    check_options(name, options)
    files = FORMATS[name].files(path)
    for option in (option for option, kind in FORMATS[name].options.items() if "Path" in kind and options.get(option)):
        for file in files:
            if is_same(file, Path(options[option])):
                raise OutputError(f"{file} is what {option}=... reads; choose another name")
    motion.check_output(files, force)
    FORMATS[name].write(motion, path, **options)


def format_of(path: str | Path, format: str | None = None) -> str:
    """The name of the format that ``format`` says, or else the suffix of ``path``; which may be empty beside a format.

    Raises:
        InputError: no such format, or a suffix of another one, or none where the format needs its own.
    """
    suffix = Path(path).suffix.lower()
    called = Path(path).name.lower() if suffix else ""
    ends = {name: [end for end in one.suffixes if called.endswith(end)] for name, one in FORMATS.items()}
    known = [name for name in FORMATS if ends[name]]
    if format is not None:
        if format not in FORMATS:
            raise InputError(f"format={format}: no such format; use one of {', '.join(FORMATS)}")
        if known and format not in known:
            raise InputError(
                f"cannot export to {path} with format={format}: {suffix} files are {' or '.join(known)}; "
                f"call it *{FORMATS[format].suffixes[0]}"
            )
        if not known and FORMATS[format].by_suffix and str(path):
            raise InputError(f"cannot export to {path} with format={format}: call it *{FORMATS[format].suffixes[0]}")
        return format
    if not known:
        suffixes = dict.fromkeys(suffix for one in FORMATS.values() for suffix in one.suffixes)
        raise InputError(f"cannot export to {path}: unknown suffix {suffix!r}; use one of {', '.join(suffixes)}")
    return max(known, key=lambda name: max(map(len, ends[name])))


def check_options(name: str, given: dict[str, Any]) -> None:
    """Refuse options that a format does not take.

    Raises:
        InputError: there is one, and its message says which formats take it.
    """
    for option in given.keys() - FORMATS[name].options.keys():
        takers = [other for other, one in FORMATS.items() if option in one.options]
        hint = f"it is an option of {', '.join(takers)}" if takers else f"{name} has {_named(name)}"
        raise InputError(f"{option}=... is no option of {name}: {hint}")


def _named(name: str) -> str:
    return ", ".join(f"{option}=..." for option in FORMATS[name].options) or "no options"
