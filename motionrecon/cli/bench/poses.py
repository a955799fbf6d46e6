"""``motionrecon bench poses``: optimizers on poses before a camera."""

from __future__ import annotations

from pathlib import Path

from motionrecon.cli.bench.common import check_counts, check_files, command_line
from motionrecon.cli.command import command
from motionrecon.cli.flags import Many, Output, Switch
from motionrecon.cli.outputs import check_made_folder
from motionrecon.cli.progress import lines
from motionrecon.options import DEFAULT_BODY


@command
def poses(
    *,
    weights: Many[str] = (),
    splits: Many[str] = (),
    methods: Many[str] = (),
    frames: int = 1,
    tasks: int | None = None,
    quick: Switch = False,
    bank: Switch = False,
    body: str = DEFAULT_BODY,
    seed: int = 0,
    output: Output = None,
    quiet: Switch = False,
) -> None:
    """Measure optimizers on poses before a camera, of motions that nothing was trained on.

    Writes tables (poses.md, poses.json) and pictures (poses.png, and misses.png of what fails): evaluations until a
    pose fits as well as the best that is known, and how far its joints then are from the truth.

    Args:
        weights: NAME=FILE, to measure weights of your own besides those that come with motionrecon.
        splits: what is measured: 'new actions', 'other source', and each of them followed by ', with 3D'; all where
            not given.
        methods: names of optimizers; all that there are where not given. The untrained control always runs.
        frames: of a run; 1 for poses of single frames.
        tasks: frames or runs of each split; 512 where not given.
        quick: few of them.
        bank: start from the learned bank of typical poses, as reconstruct does, instead of from the relaxed one.
        body: kind of the persons' bodies: anny, as reconstruct has them, or capsules. Each has weights of its own.
        seed: another seed gives other tasks.
        output: the folder for the result; poses_bench in the current folder where not given.
        quiet: no progress and no summary.
    """
    check_counts(frames=frames, tasks=tasks)
    check_counts(0, seed=seed)
    check_files(weights=weights)
    check_made_folder(output)
    from motionrecon.research.bench.poses import report

    text = report.main(
        output or Path("poses_bench"),
        report.files_of(weights),
        splits=splits,
        only=methods,
        count=tasks,
        frames=frames,
        quick=quick,
        learned=bank,
        kind=body,
        seed=seed,
        command=command_line(),
        say=lines(quiet),
    )
    if not quiet:
        print(text)
