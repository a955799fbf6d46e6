"""The suites of ``motionrecon bench reconstruct``: clips of people whose motion, and at times whose forces, are known.

Each is a room of its own, with a `motionrecon.research.bench.reconstruct.suite.Suite`; `SUITES` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from motionrecon.data.suites.balancing.suite import Balancing
from motionrecon.data.suites.plates.suite import Plates
from motionrecon.data.suites.synthetic.suite import Synthetic
from motionrecon.errors import InputError
from motionrecon.research.bench.reconstruct.suite import Suite

#: Name of each suite, and what makes it of a folder of data of the user's own, or of none.
SUITES: Mapping[str, Callable[[Path | None], Suite]] = MappingProxyType(
    {"synthetic": Synthetic, "plates": Plates, "balancing": Balancing}
)


def chosen_suites(names: Sequence[str], folders: Sequence[str]) -> list[Suite]:
    """Some suites, all where none is named, each with its data where texts SUITE=FOLDER say.

    Raises:
        InputError: there is no suite of such a name, or a text is something else.
    """
    places: dict[str, Path] = {}
    for text in folders:
        name, is_one, folder = text.partition("=")
        if not is_one or name not in SUITES:
            raise InputError(f"data={text}: give SUITE=FOLDER with one of {', '.join(SUITES)}")
        if not Path(folder).is_dir():
            raise InputError(f"data={text}: there is no folder {folder}")
        places[name] = Path(folder)
    for name in names:
        if name not in SUITES:
            raise InputError(f"no suite is called {name!r}: choose from {', '.join(SUITES)}")
    return [make(places.get(name)) for name, make in SUITES.items() if not names or name in names]
