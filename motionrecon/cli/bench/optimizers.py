"""``motionrecon bench optimizers``: optimizers on functions, on other problems, and on windows of motion."""

from __future__ import annotations

from pathlib import Path

from motionrecon.cli.bench.common import check_counts, check_files, command_line
from motionrecon.cli.command import command
from motionrecon.cli.flags import Many, Output, Switch
from motionrecon.cli.outputs import check_made_folder
from motionrecon.cli.progress import bars
from motionrecon.errors import InputError


@command
def optimizers(
    *,
    physics: Switch = False,
    outside: Switch = False,
    quick: Switch = False,
    functions: Many[str] = (),
    dims: Many[int] = (),
    evaluations: Many[int] = (),
    instances: int | None = None,
    methods: Many[str] = (),
    weights: Many[str] = (),
    seed: int = 0,
    retune: Switch = False,
    workers: int = 2,
    output: Output = None,
    quiet: Switch = False,
) -> None:
    """Measure optimizers at equal numbers of gradients: on the classical test functions, other problems, or windows.

    Writes tables (optimizers.md, optimizers.json) and pictures. An interrupted run is resumed by repeating it. The full
    table takes hours.

    Args:
        physics: windows of motions that nothing was trained or tuned on, instead of functions: report.md, data
            and pictures. Of the other options, only --quick, --methods, --workers, --output and --quiet go with it.
        outside: problems outside the classical test functions (fits, clusters of atoms, cameras, an arm, ...), each
            method with the settings that it comes with: outside.md and outside.json. --functions then names problems;
            --dims, --weights and --retune do not go with it.
        quick: with --physics, fewer windows; with --outside, fewer instances and evaluations; otherwise 10 unknowns,
            100 evaluations and 16 instances of each function: about a minute.
        functions: names of test functions, or of outside problems; all where not given.
        dims: numbers of unknowns; 10 50 100 200 500 where not given.
        evaluations: evaluations of value and gradient allowed; 100 500 where not given, with --outside
            60 200 500.
        instances: random instances of each function, at most; 64, and fewer from 100 unknowns on, where not given;
            with --outside 16.
        methods: names of optimizers; all that there are where not given.
        weights: NAME=FILE, to measure weights of your own instead of those that come with motionrecon; NAME is that of
            a learned optimizer, as optimus-paper, and may have several files, one for each training seed.
        seed: another seed gives other instances and starts.
        retune: tune the learning rates of hand-made optimizers again, instead of taking those that come with
            motionrecon.
        workers: processes.
        output: the folder for the result; in the current folder optimizers_bench, outside_bench or windows_bench where
            not given.
        quiet: no progress bars and no summary.
    """
    check_counts(workers=workers)
    check_counts(2, instances=instances)
    check_counts(0, seed=seed)
    check_files(weights=weights)
    check_made_folder(output)
    progress = bars(quiet)
    if physics:
        if outside:
            raise InputError("--physics and --outside are two benchmarks: give one of them")
        _check_windows_only(functions, dims, evaluations, instances, weights, seed, retune)
        from motionrecon.research.bench.windows import measure as windows

        written = windows.main(output or Path("windows_bench"), quick=quick, processes=workers, only=methods)
        if not quiet:
            print(written)
        return
    if outside:
        if dims or weights or retune:
            raise InputError("--outside measures problems as they are: leave out --dims, --weights and --retune")
        from motionrecon.research.bench.outside import measure as problems
        from motionrecon.research.bench.outside import report as outside_report

        small = problems.chosen(
            quick=quick, problems=functions, evaluations=evaluations, instances=instances, methods=methods, seed=seed
        )
        results = problems.measure(small, workers, progress)
        told = outside_report.write(small, results, output or Path("outside_bench"), command_line())
        if not quiet:
            print(told)
        return
    from motionrecon.research.bench.functions import measure, report
    from motionrecon.research.bench.functions.plan import chosen

    folder = output or Path("optimizers_bench")
    plan = chosen(
        quick=quick,
        functions=functions,
        dims=dims,
        evaluations=evaluations,
        instances=instances,
        methods=methods,
        weights=weights,
        seed=seed,
    )
    cells = measure.measure(plan, folder, workers=workers, retune=retune, progress=progress)
    summary = report.write(plan, cells, folder, command_line())
    if not quiet:
        print(summary)


def _check_windows_only(*of_functions: object) -> None:
    """Raise for options of ``bench optimizers`` that say something about test functions; all of them off are falsy."""
    if any(of_functions):
        raise InputError(
            "--physics measures windows of motion: --functions, --dims, --evaluations, --instances, --weights, --seed "
            "and --retune are about test functions; leave them out"
        )
