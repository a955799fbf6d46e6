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
        except BaseException as error:
            if interrupts.pressed and not isinstance(error, SystemExit):
                # Whatever it is: an extension module that Ctrl-C hits while it is imported makes an ImportError of it.
                if not isinstance(error, KeyboardInterrupt):  # which `cli.main` has told
                    print("motionrecon: interrupted", file=sys.stderr)
                status = INTERRUPTED
            elif _no_room(error):
                print("motionrecon: out of memory; close other programs, or give a part of the video", file=sys.stderr)
                status = 1
            else:
                raise
        interrupts.end(status)
        out.flush()
        if out.lost is not None and status == 0:
            print(f"motionrecon: cannot write to standard output: {str(out.lost.strerror).lower()}", file=sys.stderr)
            status = 2
    return status


def _no_room(error: BaseException) -> bool:
    """Whether memory was lacking, also for a library that was to be loaded."""
    return isinstance(error, MemoryError) or (isinstance(error, ImportError) and "map segment" in str(error))


if __name__ == "__main__":
    sys.exit(main())
