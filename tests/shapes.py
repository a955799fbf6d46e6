"""Checks the shapes and kinds of arrays in tests: what annotations such as ``Float[np.ndarray, "T 33 3"]`` promise.

`install` makes every module of a package that names jaxtyping check the arrays that its functions take and return and
its dataclasses hold. Only arrays are looked at, so a double of a test may stand in for any other argument; and only in
functions that have some, so that the rest of the tests cost nothing.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType, UnionType
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype

_CHECK = "__check_shapes__"
_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))


def install(package: str) -> None:
    """Check the shapes of `package`, from the next import of its modules on."""
    sys.meta_path.insert(0, _Finder(package))


class _Finder:
    """Finds a package's modules with the other finders, and has them checked when they are executed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != self.package and not name.startswith(f"{self.package}."):
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        loader: Any = spec.loader
        if isinstance(loader, importlib.machinery.SourceFileLoader):
            source = loader.get_source(name)
            if source is not None and "jaxtyping" in source:
                loader.exec_module = functools.partial(_execute, source)
        return spec


def _execute(source: str, module: ModuleType) -> None:
    """Execute a module whose functions and dataclasses are decorated with `_checked`."""
    tree = ast.parse(source)
    _decorate(tree)
    types = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    module.__dict__[_CHECK] = functools.partial(_checked, module.__dict__, [n for block in types for n in block.body])
    exec(compile(ast.fix_missing_locations(tree), str(module.__file__), "exec"), module.__dict__)


def _decorate(node: ast.Module | ast.ClassDef) -> None:
    name = ast.Name(_CHECK, ast.Load())
    for child in node.body:
        if isinstance(child, ast.FunctionDef):
            child.decorator_list.append(name)  # innermost: what it is given is the function itself
        elif isinstance(child, ast.ClassDef):
            child.decorator_list.insert(0, name)  # outermost: a dataclass has its __init__ by then
            _decorate(child)


def _checked(names: dict[str, Any], only_types: list[ast.stmt], made: Any) -> Any:
    """A function, or a class whose __init__, checks its arrays."""
    if isinstance(made, type):
        # A dataclass with a __post_init__ checks itself, in its own words.
        if "__dataclass_fields__" in vars(made) and "__init__" in vars(made) and not hasattr(made, "__post_init__"):
            type.__setattr__(made, "__init__", _checked(names, only_types, made.__init__))
        return made
    if not any(word in str(hint) for hint in made.__annotations__.values() for word in _WORDS):
        return made
    checking: list[Callable[..., Any]] = []

    @functools.wraps(made)
    def check(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if not checking:  # when first called, all modules are there, and so is what only types need
            checking.append(_resolved(made, names, only_types))
        return checking[0](*args, **kwargs)

    return check


#: The kinds of arrays that jaxtyping knows, as they stand in annotations.
_WORDS = (
    "Float[",
    "Float64[",
    "Float32[",
    "Int[",
    "Integer[",
    "Bool[",
    "Shaped[",
    "Num[",
    "UInt8[",
    "Real[",
    "Inexact[",
)


def _resolved(made: Any, names: dict[str, Any], only_types: list[ast.stmt]) -> Callable[..., Any]:
    """The function with checks of those annotations that have an array in them."""
    known = dict(names)
    for statement in only_types:
        with suppress(ImportError):
            exec(compile(ast.Module([statement], []), "<types>", "exec"), known)
    hints: dict[str, Any] = {}
    for name, text in made.__annotations__.items():
        hint = text
        if isinstance(text, str):
            hint = Any
            with suppress(NameError, AttributeError, TypeError):
                hint = eval(text, known)
        hints[name] = hint if _has_array(hint) else Any
    if inspect.isgeneratorfunction(made):
        hints.pop("return", None)
    copy = type(made)(made.__code__, made.__globals__, made.__name__, made.__defaults__, made.__closure__)
    copy.__kwdefaults__, copy.__qualname__, copy.__module__ = made.__kwdefaults__, made.__qualname__, made.__module__
    copy.__annotations__ = hints
    return jaxtyping.jaxtyped(_beartype(copy), typechecker=None)


def _has_array(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    if isinstance(hint, UnionType) or typing.get_origin(hint) is not None:
        return any(_has_array(part) for part in typing.get_args(hint))
    return False
