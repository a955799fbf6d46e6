"""All commands under one name, and what becomes of their errors.

Exit codes: 0 success, 1 some of several things failed (the command's help says which), 2 bad input or an output that
cannot be written (one line on stderr says which), 130 Ctrl-C. A traceback is a bug.
"""

from __future__ import annotations

import sys

from cyclopts import App, CycloptsError

from motionrecon.cli.batch import batch
from motionrecon.cli.bench import bench
from motionrecon.cli.calibrate import calibrate
from motionrecon.cli.demo import demo
from motionrecon.cli.info import info
from motionrecon.cli.messages import in_one_line
from motionrecon.cli.plot import plot
from motionrecon.cli.reconstruct import reconstruct
from motionrecon.cli.render import render
from motionrecon.cli.train import train
from motionrecon.cli.view import view
from motionrecon.cli.whole_numbers import refuse_fractions
from motionrecon.errors import MotionReconError

#: What OpenCV and MediaPipe need from the system; desktops have it.
_SYSTEM_LIBRARIES = "on Debian or Ubuntu, run: apt-get install libgl1 libegl1 libgles2 libglib2.0-0"


def _version() -> str:
    import motionrecon

    return motionrecon.__version__


app = App(
    name="motionrecon",
    help="Turn an ordinary video of a person into a 3D motion that obeys physics.",
    help_format="plaintext",
    version=_version,
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
    config=(refuse_fractions,),
)
for one in (reconstruct, batch, demo, calibrate, view, plot, render, info, bench, train):
    app.command(one)
# Imported when it is called: its flags are the formats' options, which are read from their modules.
app.command(
    "motionrecon.cli.export:export",
    help="Write a result for other programs: BVH, GLB, USD, FBX, AMASS, OpenSim, C3D, CSV.",
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. ``arguments`` are those of the process unless given."""
    if arguments is None:
        arguments = sys.argv[1:]
    try:
        status = app(arguments)
    except (CycloptsError, MotionReconError) as error:
        print("motionrecon: " + in_one_line(error, arguments, app), file=sys.stderr)
        return 2
    except (ImportError, OSError) as error:
        if "cannot open shared object file" not in str(error):
            raise
        print(f"motionrecon: {in_one_line(error, arguments, app)}; {_SYSTEM_LIBRARIES}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("motionrecon: interrupted", file=sys.stderr)
        return 130
    return status if isinstance(status, int) else 0
