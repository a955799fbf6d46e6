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
from collections.abc import Container
from contextlib import suppress
from types import ModuleType, UnionType
from typing import Any

import jaxtyping
from beartype import BeartypeConf
from beartype.door import die_if_unbearable

_CHECK = "__check_shapes__"
_CONF = BeartypeConf(is_pep484_tower=True)


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
    resolved: list[_Shapes] = []

    @functools.wraps(made)
    def check(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if not resolved:  # when first called, all modules are there, and so is what only types need
            resolved.append(_Shapes(made, _hints(made, names, only_types)))
        return resolved[0](*args, **kwargs)

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


class _Shapes:
    """A function with checks of the arrays that it takes and returns; what was right once is not looked at again."""

    def __init__(self, made: Any, hints: dict[str, Any]) -> None:
        self.made, self.hints = made, {name: hint for name, hint in hints.items() if name != "return"}
        self.returns = hints.get("return")
        self.told = _is_told(self.returns)
        self.signature = inspect.signature(made)
        parameters = list(self.signature.parameters.values())
        self.places = [i for i, parameter in enumerate(parameters) if parameter.name in self.hints]
        various = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        self.countable = not any(parameters[i].kind in various for i in self.places)
        #: What the arguments may be, and of each of these what the results may.
        self.right: dict[Any, set[Any]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        kinds = self._kinds(args, kwargs)
        results = self.right.get(kinds)
        if results is None:
            self._look(args, kwargs)
            results = set() if kinds is None else self.right.setdefault(kinds, set())
        result = self.made(*args, **kwargs)
        if self.returns is not None:
            told = self.told and type(result) is tuple
            kind = tuple([_kind_or_type(value) for value in result]) if told else _kind(result)
            if kind is None or kind not in results:
                self._look(args, kwargs, result)
                results.add(kind)
        return result

    def _kinds(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """All that the answer depends on, or None where it may be more than kinds and shapes."""
        if not self.countable:
            return None
        kinds = [_kind(args[i]) for i in self.places if i < len(args)]
        named = [(name, _kind(value)) for name, value in kwargs.items() if name in self.hints]
        return None if None in kinds or any(kind is None for _, kind in named) else (*kinds, *named)

    def _look(self, args: tuple[Any, ...], kwargs: dict[str, Any], *result: Any) -> None:
        __tracebackhide__ = True
        given = self.signature.bind(*args, **kwargs).arguments
        with jaxtyping.jaxtyped("context"):
            for name, hint in self.hints.items():
                if name in given:
                    die_if_unbearable(given[name], hint, conf=_CONF)
            for value in result:
                die_if_unbearable(value, self.returns, conf=_CONF)


def _kind(value: Any) -> Any:
    """Kind and shape of an array, and the type of anything else; None where the type alone does not tell."""
    kind = _kind_or_type(value)
    return None if kind is type(value) and kind not in _PLAIN and isinstance(value, Container | str) else kind


def _kind_or_type(value: Any) -> Any:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return (type(value), dtype, shape) if dtype is not None and isinstance(shape, tuple) else type(value)


#: Types that hold nothing.
_PLAIN = frozenset({float, int, bool, type(None)})


def _is_told(hint: Any, tuples: bool = True) -> bool:
    """Whether kinds and shapes of arrays, and types of all else, tell that a value is what an annotation says.

    So they do of tuples of so many values: beartype looks at each of them whenever it looks.
    """
    parts, origin = typing.get_args(hint), typing.get_origin(hint)
    if isinstance(hint, UnionType):
        return all(_is_told(part, tuples) for part in parts)
    if tuples and origin is tuple:
        return all(part is not Ellipsis and _is_told(part, tuples=False) for part in parts)
    # Of a generic class of our own, beartype knows no more than the class.
    return origin is None or (issubclass(origin, typing.Generic) and not issubclass(origin, Container))


def _hints(made: Any, names: dict[str, Any], only_types: list[ast.stmt]) -> dict[str, Any]:
    """The annotations of a function that have an array in them."""
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
        if _has_array(hint):
            hints[name] = hint
    if inspect.isgeneratorfunction(made):
        hints.pop("return", None)
    return hints


def _has_array(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    if isinstance(hint, UnionType) or typing.get_origin(hint) is not None:
        return any(_has_array(part) for part in typing.get_args(hint))
    return False
