"""One run at a time in a folder: a lock that the system opens when its holder ends, however that comes about.

The lock is on the open file, not in the file's being there, so one that a killed run left behind holds nobody up. What
stands in the file is for people: who holds it. It works between processes, between threads, and on network drives
whose servers know locks; where there are none, a holder is looked for by its process number.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import socket
import time
from pathlib import Path

#: A server without locks says one of these.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
#: On Windows a locked byte cannot be read either, so one far behind the text is locked.
_BYTE = 1 << 30
_OURS = '{"motionrecon": '


class Held(Exception):
    """Somebody else has the lock; the message says who."""


class Lock:
    """A lock that is held from `take` until `release`.

    Attributes:
        path: its file, which is there while the lock is held, and in a folder that exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, purpose: str) -> None:
        """Take the lock without waiting.

        Args:
            purpose: what for, for whoever finds it taken.

        Raises:
            Held: somebody else has it, in another process or in this one.
            OSError: the file cannot be written, or something that is no lock is in its place.
        """
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            try:
                if not _lock(descriptor) or not _nobody_else(descriptor):
                    raise Held(_holder(descriptor))
                if not _is_at(descriptor, self.path):  # its holder removed it when done, just before we had it
                    os.close(descriptor)
                    continue
                try:
                    _write(descriptor, purpose)
                except BaseException:
                    if not os.fstat(descriptor).st_size:
                        self.path.unlink(missing_ok=True)
                    raise
            except BaseException:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
                raise
            self._descriptor = descriptor
            # Ctrl-C may come between taking it and the block that would release it.
            atexit.register(self.release)
            return

    def release(self) -> None:
        """Give the lock back and remove its file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        atexit.unregister(self.release)
        with contextlib.suppress(OSError):  # Windows removes no open file
            self.path.unlink()
        os.close(descriptor)
        if os.name == "nt":
            with contextlib.suppress(OSError):
                self.path.unlink()


def _lock(descriptor: int) -> bool:
    """Lock an open file; False if somebody else has it locked."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


def _nobody_else(descriptor: int) -> bool:
    """Whether the holder that the file names, if any, is gone: a second look, for servers that do not know locks."""
    found = _facts(descriptor)
    pid, host, started = found.get("process"), found.get("host"), found.get("started")
    if host != socket.gethostname() or not isinstance(pid, int) or pid == os.getpid():
        return True
    return _started(pid) is None or _started(pid) != started


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _write(descriptor: int, purpose: str) -> None:
    """Say who holds the lock."""
    text = _text(descriptor)
    if text and not text.startswith(_OURS):
        raise FileExistsError(errno.EEXIST, "a file that is no lock is in the way")
    facts = {"motionrecon": purpose, "process": os.getpid(), "host": socket.gethostname()}
    facts |= {"since": time.strftime("%Y-%m-%d %H:%M:%S"), "started": _started(os.getpid())}
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, (json.dumps(facts) + "\n").encode())


def _holder(descriptor: int) -> str:
    """Who holds the lock, in words."""
    for _ in range(10):
        if found := _facts(descriptor):
            what = f"process {found.get('process')} on {found.get('host')}, since {found.get('since')}"
            purpose = str(found.get("motionrecon") or "")
            return f"another run of motionrecon ({what}{purpose and ', ' + purpose})"
        time.sleep(0.05)  # it has the lock and is about to say so
    return "another run of motionrecon"


def _facts(descriptor: int) -> dict[str, object]:
    with contextlib.suppress(ValueError):
        facts = json.loads(_text(descriptor))
        if isinstance(facts, dict):
            return facts
    return {}


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 4096).decode("utf-8", "replace")


def _started(pid: int) -> str | None:
    """When a process of this machine started, in the system's own count; "" if it runs and that cannot be told."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    if os.name == "nt" or Path("/proc/self/stat").exists():
        return None  # Windows has locks everywhere, so nobody else is there once this one is taken
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return ""
