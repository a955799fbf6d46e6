"""The command line: ``motionrecon reconstruct walk.mp4``.

Each command has a file: ``motionrecon view`` is `motionrecon.cli.view`, ``motionrecon bench poses`` is
`motionrecon.cli.bench.poses`. Heavy packages are imported by the command that needs them, when it runs.
"""

from __future__ import annotations

from motionrecon.cli.app import main

__all__ = ["main"]
