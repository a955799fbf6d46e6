"""Measures what verdicts are fitted to: ``python -m motionrecon.data.measure_verdict --output FOLDER``.

It reconstructs the tuning clips of `motionrecon.data.suites` as `motionrecon.data.verdict_lines.VARIANTS` say, and
writes ``data/verdict/joints.csv`` and ``forces.csv`` for `motionrecon.data.make_verdict`: a line for each
reconstruction, with what it is of, its error, and the number of every sign. What is made is kept in the folder, and an
interrupted run goes on there.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measures what verdicts are fitted to.")
    parser.add_argument("--output", type=Path, required=True, help="folder in which motions are kept")
    parser.add_argument("--clips", type=int, help="of each suite at most so many; the first ones are a mixture")
    parser.add_argument("--data", action="append", default=[], help="SUITE=FOLDER, as of motionrecon bench reconstruct")
    parser.add_argument("--jobs", type=int, default=0, help="clips at once; one for each core where not given")
    args = parser.parse_args()
    os.environ.setdefault("MUJOCO_GL", "egl")  # before MuJoCo is imported
    from motionrecon.data.make_verdict import FOLDER, FORCES, JOINTS
    from motionrecon.data.verdict_lines import measured, write
    from motionrecon.verdict.forces import FORCE
    from motionrecon.verdict.signs import POSE

    joints, forces = measured(args.output, args.clips, args.data, args.jobs, lambda line: print(line, flush=True))
    write(FOLDER / JOINTS, joints, list(POSE))
    write(FOLDER / FORCES, forces, list(FORCE))


if __name__ == "__main__":
    main()
