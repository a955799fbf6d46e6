"""The door of the command: ``motionrecon ...`` and ``python -m motionrecon ...`` start here.

Ctrl-C at any moment, a closed or full terminal and a machine without memory end in a line, or in none, and never in a
traceback. What the commands are stands in `motionrecon.cli`.
"""

from __future__ import annotations

import sys

from motionrecon.core.interrupt import INTERRUPTED, Interrupts, at_once
from motionrecon.core.terminal import forgiving_streams


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. ``arguments`` are those of the process unless given."""
    at_once()
    interrupts = Interrupts()
    with forgiving_streams() as out:
        from motionrecon import cli

        try:
            with interrupts.watched():
                status = cli.main(arguments)
        except (MemoryError, ImportError) as error:
            if isinstance(error, ImportError) and "map segment" not in str(error):  # a library that found no room
                raise
            print("motionrecon: out of memory; close other programs, or give a part of the video", file=sys.stderr)
            status = 1
        except BaseException as error:
            if not interrupts.pressed or isinstance(error, SystemExit):
                raise
            if not isinstance(error, KeyboardInterrupt):  # which `cli.main` has told
                print("motionrecon: interrupted", file=sys.stderr)
            status = INTERRUPTED
        interrupts.end(status)
        out.flush()
        if out.lost is not None and status == 0:
            print(f"motionrecon: cannot write to standard output: {str(out.lost.strerror).lower()}", file=sys.stderr)
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main())
