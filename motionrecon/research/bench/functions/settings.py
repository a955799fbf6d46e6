"""What was tuned for the hand-made peers, in a JSON file that people can read."""

from __future__ import annotations

import json
from pathlib import Path

from motionrecon.core.files import atomic
from motionrecon.errors import InputError
from motionrecon.research.bench.functions.peers import QUASI_NEWTON
from motionrecon.research.bench.functions.peers.tuning import Tuned, versions

#: The settings of peers that come with motionrecon; made by ``motionrecon bench optimizers --retune``.
SHIPPED = Path(__file__).with_name("tuned_peers.json")


class TunedSettings:
    """Tuned settings of peers, by method, function, dimension, version and budget, in a JSON file."""

    def __init__(self, *paths: Path) -> None:
        """Those of all ``paths`` that exist, later ones winning."""
        self._table: dict[str, dict[str, list[float | int | None]]] = {}
        for path in paths:
            try:
                found = json.loads(path.read_text())["settings"]
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path} is no file of tuned settings ({error}): delete it and repeat") from error
            for method, table in found.items():
                self._table.setdefault(method, {}).update(table)

    @staticmethod
    def _place(name: str, n: int, version: str, budget: int) -> str:
        return f"{name} n={n} {version} {budget}"

    def find(self, method: str, name: str, n: int, budget: int) -> tuple[tuple[str, Tuned], ...] | None:
        """The settings of every version, or None if one is missing."""
        table = self._table.get(tuned_as(method), {})
        found = [(v, table.get(self._place(name, n, v, budget))) for v in versions(method)]
        if any(entry is None for _, entry in found):
            return None
        return tuple((v, Tuned(*entry)) for v, entry in found)  # type: ignore[misc]

    def add(self, method: str, name: str, n: int, tuned: dict[tuple[str, int], Tuned]) -> None:
        table = self._table.setdefault(method, {})
        for (version, budget), settings in tuned.items():
            table[self._place(name, n, version, budget)] = [settings.rate, settings.patience]

    def write(self, path: Path, command: str) -> None:
        about = (
            "tuned settings of the peers: function, unknowns, version, budget -> [learning rate, first step or hop in "
            "half widths of the domain, evaluations without progress before a restart]; those of lbfgs serve bfgs and "
            "SciPy"
        )
        methods = []
        for method, rows in sorted(self._table.items()):
            lines = [f"{json.dumps(place)}: {json.dumps(entry)}" for place, entry in sorted(rows.items())]
            methods.append(f"{json.dumps(method)}: {{\n" + ",\n".join(lines) + "\n}")
        head = f'"about": {json.dumps(about)},\n"command": {json.dumps(command)},\n'
        text = "{\n" + head + '"settings": {\n' + ",\n".join(methods) + "\n}\n}"
        with atomic(path) as temporary:
            temporary.write_text(text + "\n")


def tuned_as(method: str) -> str:
    """The method whose settings serve ``method``."""
    return "lbfgs" if method in QUASI_NEWTON else method
