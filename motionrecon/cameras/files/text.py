"""The text of a calibration file, in whatever encoding an editor left it."""

from __future__ import annotations

import codecs
from pathlib import Path

from motionrecon.core.files import TEXT_LIMIT, read_bytes, reason
from motionrecon.errors import InputError

#: Marks with which a text may start, and the encodings they mean.
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: What files that are no text are by their first bytes, and how to get a calibration out of them.
_OTHERS = (
    (b"\x80", "a Python pickle (such as OpenCap's), which would run what is in it: convert it with Pose2Sim"),
    (b"PK\x03\x04", "an archive (such as NumPy's .npz): write its matrices into JSON"),
    (b"\x93NUMPY", "a NumPy array: write it into JSON"),
    (b"MATLAB 5.0", "MATLAB's: write its matrices into JSON"),
)


def read_any_text(path: Path) -> str:
    """The text of a file, with the ends of lines as ``\\n``.

    Raises:
        InputError: it cannot be read, or is none.
    """
    try:
        content = read_bytes(path, TEXT_LIMIT)
    except OSError as error:
        raise InputError(f"cannot read camera file {path}: {reason(error)}") from error
    except ValueError as error:
        raise InputError(f"cannot read camera file {path}: {error}; give a calibration file") from error
    encoding = "utf-8"
    for mark, meant in _MARKS:
        if content.startswith(mark):
            content, encoding = content.removeprefix(mark), meant
    what = next((what for head, what in _OTHERS if content.startswith(head)), "")
    if encoding == "utf-8" and (b"\0" in content or what):
        but = f", but {what}" if what else ""
        raise InputError(f"camera file {path} is not text{but}; give a calibration in TOML, YAML, XML or JSON")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise InputError(f"camera file {path} is not {encoding} text (byte {error.start})") from error
        text = content.decode("latin-1")  # a comment with an accent, from an older editor
    return text.replace("\r\n", "\n").replace("\r", "\n")
