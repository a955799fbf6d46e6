"""Whether results of an earlier run are those of the same code: a hash of what a module and all that it uses do."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module


@cache
def of_code(module: str) -> str:
    """A hash of a module and of all modules of motionrecon that it has names from, comments and docstrings aside."""
    import_module(module)
    digest = hashlib.sha256()
    for name in sorted(_reached(module, set())):
        digest.update(_code(name).encode())
    return digest.hexdigest()[:16]


def of_files(modules: Iterable[str]) -> str:
    """A hash of these modules alone, comments and docstrings aside."""
    digest = hashlib.sha256()
    for name in modules:
        import_module(name)
        digest.update(_code(name).encode())
    return digest.hexdigest()[:16]


def _reached(name: str, seen: set[str]) -> set[str]:
    """Module ``name`` and all modules of motionrecon that it, or one of those, has names from."""
    seen.add(name)
    for value in vars(sys.modules[name]).values():
        other = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
        if isinstance(other, str) and other.startswith("motionrecon.") and other in sys.modules and other not in seen:
            _reached(other, seen)
    return seen


@cache
def _code(module: str) -> str:
    """What a module does, without its comments and docstrings."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
