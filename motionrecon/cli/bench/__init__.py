"""``motionrecon bench ...``: measurements of parts of motionrecon, a file for each."""

from __future__ import annotations

from cyclopts import App

from motionrecon.cli.bench.batch import batch
from motionrecon.cli.bench.optimizers import optimizers
from motionrecon.cli.bench.physics import physics
from motionrecon.cli.bench.poses import poses
from motionrecon.cli.bench.reconstruct import reconstruct
from motionrecon.cli.bench.safety import safety

bench = App(name="bench", help="Measure parts of motionrecon on this machine.")
for one in (physics, optimizers, poses, reconstruct, batch, safety):
    bench.command(one)
