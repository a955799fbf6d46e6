"""The result folder: when a run may write there, and how its files appear there all at once.

A folder is ours only if it says so, in ``.motionrecon.json``: the run's options, and the files that motionrecon wrote
there with their SHA-256. With ``report.json`` besides it holds a finished result (that file is moved in last), without
it an interrupted run, which the next one resumes from ``cache/``. Whatever else stands in the folder is the user's:
without ``--force`` none of it is touched, with it only files are replaced whose names the result needs, and never one
that the run reads. Nothing is removed but what that list names, with the content that was written; what the run reads
stays, and is the user's from then on.

A folder of an earlier version has no such file: it is somebody's folder with a result in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from motionrecon.core.files import TEMPORARY, atomic, is_same, read_json, reason, sha256
from motionrecon.core.lock import Held, Lock
from motionrecon.errors import InputError, MotionReconError, OutputError

REPORT = "report.json"
CACHE = "cache"
MARKER = ".motionrecon.json"
LOCK = ".motionrecon.lock"
#: Where the files of a result wait until all are written.
SCRATCH = ".motionrecon-result"
#: What a result consists of; others may come, and are looked for when they move in.
RESULT = ("motion.npz", "model.xml", "motion.bvh", "overlay.mp4", REPORT)

_ELSEWHERE = "choose another folder with output=..."
_MARKER_LIMIT = 1 << 20


class ResultFolder:
    """A folder that this run, and no other, writes its result to, from `claim` until the ``with`` block ends.

    A run that is refused (that raises one of our errors) takes along what it made there, unless it can be resumed.

    Attributes:
        path: the folder.
        cache: the folder for what later runs resume from; made by whoever writes there.
    """

    def __init__(
        self, path: Path, force: bool, inputs: Mapping[str, Path], options: Mapping[str, Any], more: Collection[str]
    ) -> None:
        self.path = path
        self.cache = path / CACHE
        self._force = force
        self._inputs = inputs
        self._options = dict(options)
        self._result = {*RESULT, *more}
        self._lock = Lock(path / LOCK)
        self._made: list[Path] = []
        self._before: bytes | None = None
        self._cached: set[str] = set()
        self._cache_is_new = False
        self._marked = False
        self._published = False

    @classmethod
    def claim(
        cls,
        path: str | Path,
        *,
        force: bool = False,
        inputs: Mapping[str, Path] | None = None,
        options: Mapping[str, Any] | None = None,
        more: Collection[str] = (),
    ) -> ResultFolder:
        """Make sure, before any work, that a result can be written to ``path``, which is made if it is missing.

        Args:
            path: the folder.
            force: replace what is there, but no input.
            inputs: the files and folders that the run reads, by what they are called in a message.
            options: what is kept of the run in the folder; values that JSON can hold.
            more: names of files that this result will have besides the usual ones, where that is known.

        Raises:
            OutputError: ``path`` is a file, holds a finished result or other files (and not ``force``) or an input
                that the result would replace, is in use by another run, or cannot be written.
        """
        folder = cls(Path(path), force, inputs or {}, options or {}, more)
        try:
            folder._take()
        except FileExistsError as error:
            raise OutputError(f"output folder {path}: a file is in the way; {_ELSEWHERE}") from error
        except OSError as error:
            raise _cannot_write(folder.path, error) from error
        except ValueError as error:  # no system has such a name
            raise OutputError(f"cannot write to {path}: {error}; {_ELSEWHERE}") from error
        return folder

    def __enter__(self) -> ResultFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.release(refused=isinstance(error, MotionReconError))
        if isinstance(error, OutputError) and _ELSEWHERE not in str(error):
            raise OutputError(f"{error}; {_ELSEWHERE}") from error

    @contextmanager
    def publish(self) -> Iterator[Path]:
        """A scratch folder whose files move into the folder when the block succeeds, and vanish when it fails.

        The report of an older result is removed before the first file moves, and the new one moves last, so that a
        folder never looks finished while it holds files of two results.

        Raises:
            OutputError: the files cannot be written, or something that is not ours is in the way of one.
        """
        scratch = self.path / SCRATCH
        try:
            _remove_folder(scratch)
            scratch.mkdir()
            try:
                yield scratch
                self._move_in(scratch)
            finally:
                _remove_folder(scratch)
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def release(self, *, refused: bool = False) -> None:
        """Let other runs use the folder; with ``refused``, after everything in it is as it was before, if it can be."""
        with contextlib.suppress(OSError, OutputError):
            if refused and not self._published and not self._resumable():
                if self._marked:
                    self._restore_marker()
                if self._cache_is_new:
                    _remove_empty(self.cache)
        self._lock.release()
        if refused:
            for folder in self._made:
                _remove_empty(folder)

    def _take(self) -> None:
        self._refuse_inputs(self.path, {*self._result, MARKER, LOCK})
        try:
            self._take_lock()
            found = read_marker(self.path)
            for name in (*sorted(self._result), CACHE):
                _refuse_kind(self.path / name, folder=name == CACHE)
            if not self._force:
                self._refuse_occupied(found)
            if found is not None:
                self._before = (self.path / MARKER).read_bytes()
                self._remove_leavings()
            self._cached, self._cache_is_new = _names(self.cache), not self.cache.exists()
            self._marked = True
            self._mark({} if found is None else found["files"])
        except BaseException:
            self.release(refused=True)
            raise

    def _take_lock(self) -> None:
        for attempt in range(5):
            self._make_folder()
            try:
                return self._lock.take(", ".join(str(path) for path in self._inputs.values()))
            except FileNotFoundError:  # another run was refused, and took the folder away
                if attempt == 4:
                    raise
            except Held as holder:
                raise OutputError(f"{self.path} is in use by {holder}; wait for its end, or {_ELSEWHERE}") from None

    def _make_folder(self) -> None:
        missing = []
        for folder in (self.path, *self.path.parents):
            if folder.exists():
                break
            missing.append(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        self._made = missing or self._made

    def _refuse_occupied(self, marker: dict[str, Any] | None) -> None:
        names = {name for name in _names(self.path) if name != LOCK}
        if REPORT in names:
            raise OutputError(
                f"{self.path} already holds a finished result; replace it with force=True, or {_ELSEWHERE}"
            )
        if marker is None and names:
            raise OutputError(
                f"{self.path} already holds other files; write there anyway with force=True, or {_ELSEWHERE}"
            )
        self._refuse_foreign(names & self._result, marker)

    def _refuse_foreign(self, names: set[str], marker: dict[str, Any] | None) -> None:
        foreign = sorted(names - set({} if marker is None else marker["files"]))
        if foreign:
            raise OutputError(
                f"{self.path / foreign[0]} was not written by motionrecon; move it away, replace it with force=True, "
                f"or {_ELSEWHERE}"
            )

    def _refuse_inputs(self, folder: Path, names: set[str]) -> None:
        """Raise where a file of the result would replace what the run reads, by whatever name or link."""
        scratch = (folder / SCRATCH).resolve()
        for called, path in self._inputs.items():
            if path.is_dir() and is_same(path, folder):
                raise OutputError(f"{folder} is the folder of {called}, and would get the result's files; {_ELSEWHERE}")
            if scratch in path.resolve().parents:
                raise OutputError(f"{called} {path} is in a folder that the result needs; {_ELSEWHERE}")
            for name in sorted(names):
                if is_same(path, folder / name):
                    raise OutputError(f"{called} {path} would be replaced by the result's {name}; {_ELSEWHERE}")

    def _move_in(self, scratch: Path) -> None:
        files = sorted(scratch.iterdir(), key=lambda file: file.name == REPORT)
        names = {file.name for file in files}
        marker = read_marker(self.path)
        older = {} if marker is None else marker["files"]
        self._refuse_inputs(self.path, names)
        if not self._force:
            self._refuse_foreign({name for name in names if os.path.lexists(self.path / name)}, marker)
        written = {file.name: sha256(file) for file in files}
        self._published = True
        self._mark(older | written)
        (self.path / REPORT).unlink(missing_ok=True)
        for file in files:
            os.replace(file, self.path / file.name)
        for name in sorted(older.keys() - names):
            if not any(is_same(path, self.path / name) for path in self._inputs.values()):  # now it is the user's
                _remove_if_unchanged(self.path / name, older[name])
        self._mark(written)

    def _mark(self, files: Mapping[str, str]) -> None:
        content = {"motionrecon": "this folder holds a run of motionrecon; the files below are its own", "format": 1}
        text = json.dumps(content | {"options": self._options, "files": dict(files)}, indent=2)
        with atomic(self.path / MARKER) as path:
            path.write_text(text + "\n", encoding="utf-8")

    def _restore_marker(self) -> None:
        if self._before is None:
            (self.path / MARKER).unlink(missing_ok=True)
            return
        with atomic(self.path / MARKER) as path:
            path.write_bytes(self._before)

    def _resumable(self) -> bool:
        return bool(_names(self.cache) - self._cached)

    def _remove_leavings(self) -> None:
        """Remove what a run that was killed left half done."""
        _remove_folder(self.path / SCRATCH)
        for folder in (self.path, self.cache):
            for file in folder.glob(f"{TEMPORARY}{'[0-9a-f]' * 8}*"):
                if file.is_file() and not file.is_symlink():
                    file.unlink(missing_ok=True)


def read_marker(folder: Path) -> dict[str, Any] | None:
    """What a folder says of the run in it: ``options``, and ``files`` with their SHA-256; None if it is not ours."""
    try:
        content = read_json(folder / MARKER, _MARKER_LIMIT)
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("motionrecon"), str):
        return None
    files, options = content.get("files"), content.get("options")
    if not isinstance(files, dict) or not isinstance(options, dict):
        return None
    # A name that leads elsewhere is none that we wrote.
    own = {name: digest for name, digest in files.items() if Path(name).name == name and isinstance(digest, str)}
    return content | {"files": own, "options": options}


def is_as_written(folder: Path) -> bool:
    """Whether a folder is ours, and each of a result's files in it is as a run of ours wrote it."""
    marker = read_marker(folder)
    if marker is None:
        return False
    with contextlib.suppress(InputError):
        there = [name for name in (*RESULT, *marker["files"]) if os.path.lexists(folder / name)]
        return all(sha256(folder / name) == marker["files"].get(name) for name in there)
    return False


def _refuse_kind(path: Path, folder: bool) -> None:
    """Raise where a folder stands in a file's place, or a file in a folder's: --force is no leave to remove it."""
    if path.exists() and path.is_dir() != folder:
        kind = "a file" if folder else "a folder"
        raise OutputError(f"{path} is {kind}, and the result needs that name; move it away, or {_ELSEWHERE}")


def _remove_if_unchanged(file: Path, digest: str) -> None:
    """Remove a file that an older result had, unless somebody changed it."""
    with contextlib.suppress(InputError):
        if not file.is_symlink() and sha256(file) == digest:
            file.unlink()


def _remove_folder(folder: Path) -> None:
    """Remove a folder of ours and what is in it; where it is a link, only the link."""
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write to {folder}: {reason(error)}; {_ELSEWHERE}")
