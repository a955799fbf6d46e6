"""Reading files that may be anything, and writing files that a reader never meets half done.

Every file that a user names is read through this package, since it may be a pipe, ``/dev/zero``, an archive that
expands to gigabytes, or JSON nested a million deep. Which one to call:

- text: ``read_text(path, limit)``, without a byte order mark; JSON and TOML: ``read_json(path)``, ``read_toml(path)``;
- an ``.npz``: ``read_arrays(path, wanted=("pixels", "fps"))``, which touches no other member; written with
  ``write_arrays(path, arrays)``, and with ``sealed=True`` on both sides where no bit of the file may have changed;
- anything else: ``with open_regular(path, limit) as file``, which refuses what is no ordinary file, and never waits.

All of them raise OSError where the operating system refuses and ValueError where the content cannot be used, with a
message that names what was found but not the path: the caller names file and remedy in its InputError::

    try:
        content = read_json(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from error
    except ValueError as error:
        raise InputError(f"{path}: {error}; give ...") from error

A number in JSON or TOML that no double can hold is refused here; infinity and NaN are not, so check ``isfinite``.
"""

from motionrecon.core.files.documents import JSON_LIMIT, parse_json, parse_toml, read_json, read_toml
from motionrecon.core.files.npz import ARRAYS_LIMIT, read_arrays, write_arrays
from motionrecon.core.files.reading import TEXT_LIMIT, open_regular, read_bytes, read_text, reason, sha256
from motionrecon.core.files.seal import is_sealed
from motionrecon.core.files.writing import TEMPORARY, atomic, check_folder, check_free, is_same

__all__ = [
    "ARRAYS_LIMIT",
    "JSON_LIMIT",
    "TEMPORARY",
    "TEXT_LIMIT",
    "atomic",
    "check_folder",
    "check_free",
    "is_same",
    "is_sealed",
    "open_regular",
    "parse_json",
    "parse_toml",
    "read_arrays",
    "read_bytes",
    "read_json",
    "read_text",
    "read_toml",
    "reason",
    "sha256",
    "write_arrays",
]
