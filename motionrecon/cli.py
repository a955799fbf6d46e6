"""The command line: ``motionrecon reconstruct walk.mp4``.

Exit codes: 0 success, 2 bad input or an output that cannot be written (one line on stderr says which), 130 Ctrl-C.
A traceback is a bug. Heavy packages are imported by the command that needs them.
"""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
import sys
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError, UnusedCliTokensError

from motionrecon import pipeline
from motionrecon.cli_common import Switch, called_after, check_output, flag_type
from motionrecon.core.docstrings import arguments, unwrapped
from motionrecon.core.files import check_folder
from motionrecon.core.progress import Bars, Progress, Silent
from motionrecon.errors import InputError, MotionReconError, shortened
from motionrecon.options import Options
from motionrecon.research.training.settings import TrainingSettings

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.result.report import CameraOfSeveral
    from motionrecon.viewer.live import LiveViewer

#: What OpenCV and MediaPipe need from the system; desktops have it.
_SYSTEM_LIBRARIES = "on Debian or Ubuntu, run: apt-get install libgl1 libegl1 libgles2 libglib2.0-0"

#: Steps of Optimus that failed, for each Jacobian, above which the summary says so.
NOTABLE_FALLBACKS = 0.1

#: Seconds between the beginnings of two films that the summary tells.
LEAST_OFFSET = 0.0005
#: Share of the frames in which one of several cameras saw the person, below which the summary says so.
SELDOM = 0.8

Output = Annotated[Path | None, Parameter(alias="-o")]

_Item = TypeVar("_Item")
#: A flag with any number of values: ``--dims 10 50``.
Many = Annotated[tuple[_Item, ...], Parameter(consume_multiple=True, negative="", show_default=False)]


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
)
bench = App(name="bench", help="Measure parts of motionrecon on this machine.")
app.command(bench)
train = App(name="train", help="Train the learned parts of motionrecon.")
app.command(train)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. ``arguments`` are those of the process unless given."""
    if arguments is None:
        arguments = sys.argv[1:]
    try:
        status = app(arguments)
    except (CycloptsError, MotionReconError) as error:
        print("motionrecon: " + _one_line(error, arguments), file=sys.stderr)
        return 2
    except (ImportError, OSError) as error:
        if "cannot open shared object file" not in str(error):
            raise
        print(f"motionrecon: {_one_line(error, arguments)}; {_SYSTEM_LIBRARIES}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("motionrecon: interrupted", file=sys.stderr)
        return 130
    return status if isinstance(status, int) else 0


#: Flags that may be given once for each camera, and what each of their values is.
_PER_CAMERA = Options.per_camera()


def _flags(function: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The command's parameters: those of `pipeline.reconstruct` that are no functions, and those of its own."""
    parameters = {}
    for name, parameter in inspect.signature(function).parameters.items():
        flag: Any = flag_type(str(parameter.annotation))  # as it stands in the source: "str | Path | None"
        if name == "video":
            parameter = inspect.Parameter("videos", inspect.Parameter.VAR_POSITIONAL)
            flag = Path
        elif name in _PER_CAMERA:
            parameter = parameter.replace(default=() if parameter.default is None else (parameter.default,))
            many: Any = types.GenericAlias(tuple, (_PER_CAMERA[name], ...))
            shown = (lambda values: ", ".join(map(str, values))) if parameter.default else False
            flag = Annotated[many, Parameter(negative="", show_default=shown)]
        elif name == "output":
            flag = Output
        elif parameter.default is False:
            flag = Switch
        parameters[parameter.name] = parameter.replace(annotation=flag)
    for name in ("view", "list_people", "quiet"):
        parameters[name] = parameters["force"].replace(name=name)
    for name in _FUNCTIONS:
        del parameters[name]
    return parameters


#: Parameters that are functions, and so no flags; the last ones of the docstring.
_FUNCTIONS = ("progress", "watch")

_OWN_FLAGS = """
    view: open the viewer at once, on this machine only, and show there what is found, window by window, and at the end
        the result, until Ctrl-C; the address is printed.
    list_people: reconstruct nothing, but list everybody whom person can choose, and draw them with their numbers into
        <name of the video>_people.png beside the folder of the result; of several videos, with one number in all.
    quiet: no progress bars and no summary; warnings and errors show."""


def _help(function: Callable[..., object]) -> str:
    """The docstring of `pipeline.reconstruct` as the command's."""
    text = inspect.cleandoc(function.__doc__ or "").replace("\n    video: ", "\n    videos: ")
    return unwrapped(text.partition("\n\nReturns:")[0] + _OWN_FLAGS)


def reconstruct(
    *videos: Path,
    output: Path | None = None,
    view: bool = False,
    list_people: bool = False,
    quiet: bool = False,
    **given: Any,
) -> None:
    """`pipeline.reconstruct` into a folder, with bars and a line that says how good the result is."""
    given |= {name: _each(given[name]) for name in _PER_CAMERA if name in given}
    if list_people:
        return _list_people(_each(videos), output, quiet, **given)
    keypoints = given.get("keypoints")
    source = next(iter((*videos, *(keypoints if isinstance(keypoints, list) else [keypoints]))))
    if source is None:
        raise InputError("no video given; run: motionrecon reconstruct VIDEO (or give --keypoints)")
    folder = output or Path(f"{_called(source)}_motionrecon")
    if not view:
        _run(_each(videos), folder, quiet, **given)
        return
    from motionrecon.viewer.live import LiveViewer

    with LiveViewer(folder) as live:
        _run(_each(videos), folder, quiet, live, **given)
        live.wait()


def _called(source: Path) -> str:
    """What a result is called after: a file, or a project's folder."""
    if source.is_dir():
        return source.resolve().name or "result"
    return source.resolve().parent.name if source.name == "Config.toml" else source.stem


def _each(values: Sequence[_Item]) -> Any:
    """What may be given for each camera, as `pipeline.reconstruct` takes it: nothing, a value by itself, or a list."""
    return list(values) if len(values) > 1 else values[0] if values else None


_parameters = _flags(pipeline.reconstruct)
reconstruct.__signature__ = inspect.Signature(list(_parameters.values()))  # type: ignore[attr-defined]
reconstruct.__annotations__ = {name: parameter.annotation for name, parameter in _parameters.items()}
reconstruct.__doc__ = _help(pipeline.reconstruct)
app.command(reconstruct)


def batch(
    source: Path,
    /,
    *,
    output: Path | None = None,
    jobs: int = 0,
    ray: bool = False,
    force: bool = False,
    quiet: bool = False,
    **given: Any,
) -> int:
    """Reconstruct many videos, several at once, each on one core, and write a table of them (CSV and HTML).

    What is finished is skipped, and what was interrupted goes on: to resume, repeat the command. A clip that fails is a
    line, and stops no other; the exit code is then 1.

    Args:
        source: a folder, whose videos are taken, also those of the folders in it (a Pose2Sim project in it is one
            clip); or a list: a text file with a path on each line, or CSV with a column video and columns named as the
            options below (height, camera, fov, start, ...), which then hold for that clip, and name for its folder.
            Several cameras' videos, and their values, stand in one cell with | between them.
        output: the folder for the results, a folder for each clip; <name of source>_batch in the current folder where
            not given. table.csv and table.html in it have the figures of all clips.
        jobs: how many clips at once; one for each core where not given.
        ray: let the workers of a Ray cluster do them (that of RAY_ADDRESS, or a new one on this machine), which find
            the videos and the folder at the same paths; needs pip install 'motionrecon[ray]'.
        force: do those again, too, whose result is of other options, of another film, or of another version.
        quiet: no progress and no summary; failures show."""
    from motionrecon.batch.run import run_batch
    from motionrecon.batch.spoken import Spoken, summary
    from motionrecon.batch.table import PAGE

    if jobs < 0:
        raise InputError(f"jobs={jobs}: give a number from 1, or leave it out")
    given |= {name: _each(given[name]) for name in _PER_CAMERA if name in given}
    folder, spoken = output or Path(f"{source.resolve().stem}_batch"), Spoken(quiet)
    say: dict[str, Any] = {"told": spoken, "say": spoken.say, "spelled": _as_flags}
    try:
        with spoken.watching():
            rows = run_batch(source, folder, jobs=jobs, ray=ray, force=force, **say, **given)
    except KeyboardInterrupt:
        print("motionrecon: the same command again goes on with what was not finished", file=sys.stderr)
        raise
    if not quiet:
        print(f"{folder}: {summary(rows)}; see {folder / PAGE}")
    return 0 if all(row.outcome == "done" for row in rows) else 1


def _flags_for_many() -> dict[str, inspect.Parameter]:
    """The parameters of `batch`: its own, and what `reconstruct` takes besides."""
    own = {name: p for name, p in inspect.signature(batch).parameters.items() if p.kind is not p.VAR_KEYWORD}
    types_of = {"source": Path, "output": Output, "jobs": Annotated[int, Parameter(show_default=False)]}
    own = {name: p.replace(annotation=types_of.get(name, Switch)) for name, p in own.items()}
    others = {
        name: p
        for name, p in _flags(pipeline.reconstruct).items()
        if name not in {*own, "videos", "view", "list_people"}
    }
    return own | others


def _help_for_many() -> str:
    """The docstring of `batch`, with those lines of `pipeline.reconstruct`'s that hold for each clip."""
    lines = [f"    {name}: {line}" for name, line in arguments(pipeline.reconstruct.__doc__ or "").items()]
    own = set(inspect.signature(batch).parameters) | {"video", *_FUNCTIONS}
    return "\n".join(
        [unwrapped(batch.__doc__ or ""), *(line for line in lines if line.split(":")[0].strip() not in own)]
    )


_parameters_for_many = _flags_for_many()
batch.__doc__ = _help_for_many()
batch.__signature__ = inspect.Signature(list(_parameters_for_many.values()))  # type: ignore[attr-defined]
batch.__annotations__ = {name: parameter.annotation for name, parameter in _parameters_for_many.items()}
app.command(batch)


@app.command
def demo(*, output: Output = None, force: Switch = False, quiet: Switch = False) -> None:
    """Reconstruct a clip that comes with motionrecon, and print the error against its exact ground truth.

    Args:
        output: the folder for the result; where not given it is demo_motionrecon, and an older demo is replaced.
        force: write into a folder that already holds a result, replacing it.
        quiet: no progress bars and no summary; the errors are still printed.
    """
    from motionrecon import demo as example

    folder = output or Path("demo_motionrecon")
    replace = force or (output is None and example.is_demo(folder))
    motion = _run(example.video(), folder, quiet, force=replace, **example.given())
    print(example.as_text(example.compare(motion)))
    if not quiet:
        print(f"to look at it, run: {shlex.join([_program(), 'view', str(folder)])}")


def _program() -> str:
    """How the user calls motionrecon: by its name, or, from an environment that is not activated, by its path."""
    called = sys.argv[0]
    return called if Path(called).stem == "motionrecon" and shutil.which("motionrecon") is None else "motionrecon"


@app.command
def calibrate(
    *,
    board: str,
    square: float,
    intrinsics: Many[Path] = (),
    extrinsics: Many[Path] = (),
    camera: Path | None = None,
    names: Many[str] = (),
    output: Output = None,
    force: Switch = False,
    quiet: Switch = False,
) -> None:
    """Calibrate cameras with a chessboard; --camera of reconstruct reads the file that this writes, as does Pose2Sim.

    First film the board with each camera by itself, tilted this way and that, near and far, in all parts of the
    picture: that tells its lens. Then lay it on the floor where all cameras see it, and do not move the cameras any
    more: that tells where they stand. The world is the board's: z is up, and the floor is z = 0.

    Args:
        board: inner corners along both sides of the board, as 9x6: one less than squares. One number must be even and
            the other odd, or the board looks the same turned by half a turn.
        square: the side of a square, millimetres.
        intrinsics: for each camera a video of the board, or a folder of pictures; or one folder that holds these.
        extrinsics: for each camera, in the same order, a picture or a video of the board on the floor; or one folder
            that holds these. Where not given, the file tells the lenses only.
        camera: a calibration file that tells the lenses already, instead of --intrinsics.
        names: of the cameras; where not given, as the files or folders are called.
        output: the file to write; Calib.toml in the current folder where not given.
        force: replace the file if it is there.
        quiet: no progress bars and no summary; warnings and errors show.
    """
    from motionrecon.chessboard import calibrate as run

    file = output or Path("Calib.toml")
    check_folder(file)
    found = run(
        board,
        square,
        intrinsics,
        extrinsics,
        camera=camera,
        names=names,
        output=file,
        force=force,
        progress=_Spelled(Silent() if quiet else Bars()),
    )
    if not quiet:
        print("\n".join(map(str, found)))
        print(f"{file}: give it to reconstruct with --camera")


@app.command
def view(
    folder: Path,
    other: Path | None = None,
    /,
    *,
    page: Path | None = None,
    port: int = 8080,
    browser: bool = True,
    force: Switch = False,
) -> None:
    """Open a result in an interactive 3D viewer in the browser, on this machine only. Ctrl-C ends it.

    Args:
        folder: the folder of a result.
        other: the folder of another result, to compare it with.
        page: write the viewer as this one HTML file instead, the video that the motion was made from
            included, which opens anywhere without a network.
        port: the port of the viewer on localhost.
        browser: open the web browser; without it, only the viewer's address is printed.
        force: with --page, replace the file if it is there.
    """
    from motionrecon.viewer import view as open_viewer
    from motionrecon.viewer import write_page

    if page is None:
        open_viewer(folder, other, port=port, open_browser=browser)
        return
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--page {page}: a page is an .html file")
    check_output([page], force)
    remarks = write_page(folder, page, other)
    print(page)
    print(*remarks, sep="\n", end="\n" if remarks else "", file=sys.stderr)


@app.command
def plot(
    folder: Path,
    output: Path | None = None,
    /,
    *,
    only: Many[str] = (),
    formats: Annotated[
        tuple[str, ...], Parameter(consume_multiple=True, negative="", show_default=lambda names: ", ".join(names))
    ] = ("png",),
    force: Switch = False,
) -> None:
    """Plot a result: ground forces, centre of pressure, joint angles, moments, power, centre of mass.

    Left and right are in one plot, with the time that each foot is on the ground; where there is a whole gait cycle,
    the same stands over the cycle too, from foot strike to foot strike.

    Args:
        folder: the folder of a result.
        output: the folder for the plots; where not given, it is called after the result, with _plots, and lies in the
            current folder.
        only: of forces, cop, angles, moments, power, com; all where not given.
        formats: png, svg, or both.
        force: replace plots that are there.
    """
    from motionrecon.plots import write_plots
    from motionrecon.result.motion import Motion

    target = output or Path(f"{called_after(folder)}_plots")
    for file in write_plots(Motion.load(folder), target, only=only, formats=formats, force=force):
        print(file)


@app.command
def render(
    folder: Path,
    output: Path | None = None,
    /,
    *,
    view: str = "overlay",
    height: int | None = None,
    start: float | None = None,
    end: float | None = None,
    at: float | None = None,
    camera_name: str | None = None,
    force: Switch = False,
    quiet: Switch = False,
) -> None:
    """Draw a result as a film, an animation or a picture, with the floor's push in newtons, the time and a legend.

    Needs neither a screen nor a graphics card.

    Args:
        folder: the folder of a result.
        output: the file: .mp4 (H.264), .gif, .webp, or .png, which is one moment; where not given, an .mp4 (of a sheet
            a .png) in the current folder, called after the result and the view.
        view: overlay (the body over the film), beside (the film, and the body from the side), side, orbit (all around
            the body), or sheet (twelve moments in one picture).
        height: of the picture, pixels; of each of a sheet's. 720 where not given, and less for .gif and .webp.
        start: where the part that is drawn begins, seconds.
        end: where it ends, seconds.
        at: the moment of a .png, seconds; the middle where not given.
        camera_name: the camera whose film is shown, where there are several; the first where not given.
        force: replace the file if it is there.
        quiet: no progress bars.
    """
    from motionrecon.render.rendering import SHEET
    from motionrecon.render.rendering import render as draw
    from motionrecon.result.motion import Motion

    file = output or Path(f"{called_after(folder)}_{view}{'.png' if view == SHEET else '.mp4'}")
    check_output([file], force)
    progress = _Spelled(Silent() if quiet else Bars())
    draw(
        Motion.load(folder),
        file,
        view=view,
        height=height,
        start=start,
        end=end,
        at=at,
        camera_name=camera_name,
        progress=progress,
    )
    print(file)


#: Imported when it is called: its flags are the formats' options, which are read from their modules.
app.command(
    "motionrecon.cli_export:export",
    help="Write a result for other programs: BVH, GLB, USD, FBX, AMASS, OpenSim, C3D, CSV.",
)


@app.command
def info(*, json: Switch = False) -> None:
    """Print what a bug report needs: versions, machine, models.

    Args:
        json: print JSON instead of lines.
    """
    from motionrecon import info as report

    facts = report.collect()
    print(report.as_json(facts) if json else report.as_text(facts))


@bench.command
def physics() -> None:
    """Measure the derivatives of a physics window, their cost and correctness, and Optimus's own arithmetic."""
    from motionrecon.research.bench import physics as benchmark

    benchmark.main()


@bench.command
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
    progress: Progress = Silent() if quiet else Bars()
    if physics:
        if outside:
            raise InputError("--physics and --outside are two benchmarks: give one of them")
        _check_windows_only(functions, dims, evaluations, instances, weights, seed, retune)
        from motionrecon.research.bench.windows import measure as windows

        written = windows.main(output or Path("windows_bench"), quick=quick, processes=workers, only=methods)
        if not quiet:
            print(written)
        return
    command = shlex.join(["motionrecon", *sys.argv[1:]])
    if outside:
        if dims or weights or retune:
            raise InputError("--outside measures problems as they are: leave out --dims, --weights and --retune")
        from motionrecon.research.bench.outside import measure as problems
        from motionrecon.research.bench.outside import report as outside_report

        small = problems.chosen(
            quick=quick, problems=functions, evaluations=evaluations, instances=instances, methods=methods, seed=seed
        )
        results = problems.measure(small, workers, progress)
        told = outside_report.write(small, results, output or Path("outside_bench"), command)
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
    summary = report.write(plan, cells, folder, command)
    if not quiet:
        print(summary)


@bench.command(name="poses")
def bench_poses(
    *,
    weights: Many[str] = (),
    splits: Many[str] = (),
    methods: Many[str] = (),
    frames: int = 1,
    tasks: int | None = None,
    quick: Switch = False,
    bank: Switch = False,
    body: str = "capsules",
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
        body: kind of the persons' bodies: capsules, which the weights that come with motionrecon were trained on,
            or anny.
        seed: another seed gives other tasks.
        output: the folder for the result; poses_bench in the current folder where not given.
        quiet: no progress and no summary.
    """
    from motionrecon.research.bench.poses import report

    say = (lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr, flush=True))
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
        command=shlex.join(["motionrecon", *sys.argv[1:]]),
        say=say,
    )
    if not quiet:
        print(text)


@bench.command(name="reconstruct")
def bench_reconstruct(
    *,
    suites: Many[str] = (),
    split: str = "tuning",
    only: Many[str] = (),
    clips: int | None = None,
    data: Many[str] = (),
    body: str | None = None,
    detector: str = "full",
    calibrated: Switch = False,
    physics: bool = True,
    every: int = 1,
    given: Many[str] = (),
    pictures: bool = True,
    jobs: int = 0,
    output: Output = None,
    quiet: Switch = False,
) -> int:
    """Reconstruct clips of people whose motion, and at times whose forces, are known, and tell how far off it is.

    Writes reconstruct.csv, .json and .md, a page of pictures with the worst first (reconstruct.html), and the motions.
    Clips are rendered or fetched once and kept in the user's cache folder; an interrupted run is resumed by repeating
    it, and a clip that fails does not stop the others (the exit status is then 1).

    Args:
        suites: names of suites; all where not given.
        split: tuning, test (nothing may ever be chosen by it), or both.
        only: names of clips or parts of them, or their actions, cameras or persons; all where not given.
        clips: of each suite at most so many; the first ones are a mixture.
        data: SUITE=FOLDER, the data of a suite where it is not in the cache folder.
        body: kind of the persons' bodies; that of reconstruct where not given.
        detector: full or heavy.
        calibrated: tell where the camera stands, not only how tall the person is.
        physics: simulate the motions.
        every: use every so many frames only.
        given: NAME=VALUE, another option of reconstruct, for all clips.
        pictures: write the page of pictures.
        jobs: clips at once; one for each core where not given.
        output: the folder for the result; reconstruct_bench in the current folder where not given.
        quiet: no progress and no summary.
    """
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")  # renders without a screen; read when MuJoCo is first imported
    from motionrecon.data.suites import chosen_suites
    from motionrecon.research.bench.reconstruct import report
    from motionrecon.research.bench.reconstruct.measure import BenchSettings, options_of

    if every < 1:
        raise InputError(f"--every {every}: give at least 1")
    options = options_of(given) | ({} if body is None else {"body": body}) | ({} if physics else {"physics": False})
    text, failed = report.main(
        output or Path("reconstruct_bench"),
        chosen_suites(suites, data),
        BenchSettings(detector, calibrated, every, options),
        split=split,
        only=only,
        clips=clips,
        jobs=jobs,
        pictures=pictures,
        command=shlex.join(["motionrecon", *sys.argv[1:]]),
        say=(lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr, flush=True)),
    )
    if not quiet:
        print(text)
    return 1 if failed else 0


@bench.command(name="batch")
def bench_batch(*, jobs: int = 0, clips: int = 2, rounds: int = 1, quiet: Switch = False) -> None:
    """Measure what several jobs at once are worth: batch with N jobs against N times one reconstruct on one core.

    Both do the demo clip with all defaults, in turn. Anything else at work on the machine shows in the wall clock.

    Args:
        jobs: as of batch; one for each core where not given.
        clips: that each job does, one after another, and so many single runs beside them.
        rounds: how often.
        quiet: no progress bars.
    """
    from motionrecon import demo as example
    from motionrecon.research.bench import throughput

    if jobs < 0 or clips < 1 or rounds < 1:
        raise InputError(f"--jobs {jobs}, --clips {clips}, --rounds {rounds}: give numbers from 1")
    progress: Progress = Silent() if quiet else Bars()
    clip, given = example.video(), example.given()
    found = throughput.measure(clip, given, jobs=jobs, clips=clips, rounds=rounds, progress=progress)
    print(throughput.as_text(found))


@bench.command
def safety(*, windows: int = 1000, method: str = "optimus", workers: int = 2) -> int:
    """Look for harm: windows of motion from random starts, at scales from 1e-3 to 1e3, none of which may get worse.

    Prints what it found; the exit status is 1 where a result was not finite, worse than its start, or missing.

    Args:
        windows: how many.
        method: name of an optimizer.
        workers: processes.
    """
    from motionrecon.optimizers.registry import REGISTRY
    from motionrecon.research.bench.windows import safety as window_safety

    if windows < 1:
        raise InputError(f"--windows is {windows}: give at least 1")
    if method not in REGISTRY:
        raise InputError(f"--method is {method!r}: choose from {', '.join(REGISTRY)}")
    verdict = window_safety.check(method, windows, processes=workers, say=lambda line: print(line, file=sys.stderr))
    print(verdict.text())
    return 0 if verdict.safe else 1


@train.command(name="optimus")
def train_optimus(
    *,
    output: Output = None,
    settings: Annotated[TrainingSettings, Parameter(name="*")] = TrainingSettings(),  # noqa: B008 - frozen
) -> None:
    """Train Optimus, or a learned optimizer that it is compared with.

    Writes weights.safetensors, log.jsonl, curves.png and checkpoints, and for functions best.safetensors. Ctrl-C saves
    and stops (not under torchrun, where the last minute is lost); the same command goes on. A training on functions
    that is started with torchrun uses several processors or machines.

    Args:
        output: the folder for the result; training_<tasks>_<rule>_<seed> in the current folder where not given.
    """
    folder = output or Path(f"training_{settings.tasks}_{settings.rule}_{settings.seed}")

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if settings.squares:
        from motionrecon.research.training.window_training import WindowTraining

        windows = WindowTraining(settings, folder, say=say)
        windows.run()
        found, use = windows.summary(), 'method="optimus", squares'
    elif settings.tasks == "poses":
        from motionrecon.research.training.pose_training import PoseTraining

        poses = PoseTraining(settings, folder, say=say)
        poses.run()
        use = f'motionrecon.poses.learned.PoseOptimus.load("{folder}/weights.safetensors") runs with it'
        if settings.model is None:
            body = "" if settings.body == "capsules" else f" --body {settings.body}"
            use = f"bench poses{body} --weights mine={folder}/weights.safetensors measures it"
        print(f"{folder}: {poses.summary()}; {use}")
        return
    else:
        from motionrecon.research.training.train import Training

        training = Training(settings, folder, say=say)
        training.run()
        training.close()
        if not training.logs:
            return
        found, use = training.summary(), 'method="optimus-paper", weights'
        if settings.rule == "adafactor":
            print(f"{folder}: {found}; bench optimizers --weights adafactor={folder}/weights.safetensors measures it")
            return
    print(f'{folder}: {found}; minimize(..., {use}="{folder}/weights.safetensors") runs with it')


for _command in (
    demo,
    calibrate,
    view,
    plot,
    render,
    info,
    physics,
    optimizers,
    bench_poses,
    bench_reconstruct,
    bench_batch,
    safety,
    train_optimus,
):
    _command.__doc__ = unwrapped(_command.__doc__ or "")


def _check_windows_only(*of_functions: object) -> None:
    """Raise for options of ``bench optimizers`` that say something about test functions; all of them off are falsy."""
    if any(of_functions):
        raise InputError(
            "--physics measures windows of motion: --functions, --dims, --evaluations, --instances, --weights, --seed "
            "and --retune are about test functions; leave them out"
        )


def _run(
    video: Path | list[Path] | None, folder: Path, quiet: bool, live: LiveViewer | None = None, **given: Any
) -> Motion:
    """Reconstruct with bars and a line that says how good the result is, both unless ``quiet``; ``live`` may watch."""
    progress: Progress = _Spelled(Silent() if quiet else Bars())
    if live is not None:
        progress = live.watched(progress)
        given["watch"] = live.show
    start = time.perf_counter()
    try:
        motion = pipeline.reconstruct(video, output=folder, progress=progress, **given)
    except KeyboardInterrupt:
        print("motionrecon: the same command again resumes after the last finished stage or window", file=sys.stderr)
        raise
    if not quiet:
        print(_summary(motion, folder, time.perf_counter() - start))
        if licence := motion.body.licence:
            print(licence)
    return motion


def _list_people(video: Path | list[Path] | None, folder: Path | None, quiet: bool, **given: Any) -> None:
    """Print everybody in a video, and draw them into a picture beside the folder of the result."""
    from motionrecon import keypoints

    if video is None:
        raise InputError("--list-people needs the video, to draw the people into its pictures")
    progress = _Spelled(Silent() if quiet else Bars())
    if isinstance(video, list) or video.is_dir() or video.suffix == ".toml":
        from motionrecon.rig.listing import list_everybody

        defaults = {name: p.default for name, p in inspect.signature(pipeline.reconstruct).parameters.items()}
        everything = defaults | given | {"video": video}
        lines, pictures = list_everybody(everything, (folder or Path()).parent, progress)
        print("\n".join(lines))
        shown = ", ".join(map(str, pictures))
        print(
            f"{shown} show them; choose with --person NUMBER, the same for all videos, or give it for each by its own"
        )
        return
    picture = (folder or Path()).parent / f"{video.stem}_people.png"
    chosen = {name: given[name] for name in ("keypoints", "detector", "start", "end") if given.get(name) is not None}
    for line in keypoints.list_people(video, picture, progress=progress, **chosen):
        print(line)
    print(f"{picture} shows them; choose with --person NUMBER, or --person X,Y")


def _summary(motion: Motion, folder: Path, seconds: float) -> str:
    from motionrecon.background.motion import TURNS, ZOOMS

    report = motion.report
    quality, frames, options, camera = report.quality, report.frames, report.options, report.camera
    person = report.person
    assert quality and report.verdict and frames and options and camera  # of a run, and so complete
    line = (
        f"{folder}: {report.verdict}\nreprojection error {quality.reprojection_px:.1f} px "
        f"({quality.reprojection_percent:.1f} % of the person's height), "
        f"feet skate in {quality.skate_percent:.0f} % of frames, "
        f"penetration {quality.penetration_mm:.1f} mm, {seconds:.0f} s"
    )
    if report.cameras:
        line += "\n" + _of_cameras(report.cameras, frames.total)
    if report.camera_unknown:
        line += (
            "\nthe camera moves in a way that the background does not tell: nothing is simulated, there are no forces"
        )
    elif options["physics"] and frames.simulated < frames.total:
        line += f"\nsimulated in {frames.simulated} of {frames.total} frames only; the others have no forces"
    if camera.motion in (TURNS, ZOOMS):
        zooms = f" and zooms {camera.zoomed:.2f} times" if camera.motion == ZOOMS else ""
        line += f"\nthe camera turns by up to {camera.turned_deg:.0f} degrees{zooms}, as its background shows"
    steps = sum(window.evaluations or 0 for window in report.windows or ())
    if (report.fallbacks or 0) > NOTABLE_FALLBACKS * steps:
        line += f"\n{report.fallbacks} steps of Optimus failed and were damped, with {steps} Jacobians; "
        line += "compare --optimizer lm"
    if frames.film_fps is not None:
        line += f"\nslow motion: filmed at {frames.fps:g} frames per second, shown at {frames.film_fps:g}"
    if not options["height_given"] and person is not None and person.height != options["height"]:
        from motionrecon.rig.stature import UNCERTAIN

        line += f"\nthe cameras found a height of {person.height:.2f} m, give or take {UNCERTAIN:.2f}"
        line += "; give it with --height where you know it"
    elif not options["height_given"]:
        line += (
            f"\nthe height was assumed to be {options['height']:.2f} m; set it with --height: all lengths scale with it"
        )
    if camera.focal_length == "assumed" and options["camera"] is None:
        from motionrecon.cameras.default import DEFAULT_FOV

        line += (
            f"\nthe camera's field of view was assumed to be {DEFAULT_FOV:.0f} degrees along the image's longer side; "
            "set it with --fov, --focal-px or --camera: the distance to the person scales with it"
        )
    return line


def _of_cameras(cameras: Sequence[CameraOfSeveral], total: int) -> str:
    """How several cameras agree with the motion, and when each one's film begins."""
    line = f"{len(cameras)} cameras"
    away = sorted((c for c in cameras if (c.reprojection_px or 0.0) > 0), key=lambda c: c.reprojection_px or 0.0)
    if away:
        ends = " to ".join(f"{c.reprojection_px:.1f} px ({c.name})" for c in (away[0], away[-1]))
        line += f", reprojection error {ends}"
    shifted = [c for c in cameras if abs(c.offset) > LEAST_OFFSET]
    if shifted:
        line += f"\nbeginning of the films: {'; '.join(_begins(c, cameras[0].name) for c in shifted)}"
    seldom = [c for c in cameras if c.tracked < SELDOM * total]
    if seldom:
        line += "\nseldom seen: " + ", ".join(f"{c.name} in {c.tracked} of {total} frames" for c in seldom)
    return line


def _begins(camera: CameraOfSeveral, leads: str) -> str:
    """When a camera's film begins, and how sure that is."""
    said = f"{camera.name} {abs(camera.offset):.3f} s {'after' if camera.offset > 0 else 'before'} {leads}"
    return f"{said}, give or take {camera.offset_error:.3f}" if camera.offset_error else said


class _Spelled:
    """Progress whose warnings speak of flags."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.stage = progress.stage

    def warn(self, text: str) -> None:
        self._progress.warn(_as_flags(text))


@cache
def _parameter() -> re.Pattern[str]:
    """How the library names parameters that are flags in messages: ``height=500``, or ``height=...`` for no value."""
    from motionrecon.cli_export import PARAMETERS as OF_EXPORT

    names = {
        *inspect.signature(pipeline.reconstruct).parameters,
        *(field.name for field in fields(TrainingSettings)),
        *(
            name
            for command in (batch, calibrate, view, plot, render, optimizers, safety)
            for name in inspect.signature(command).parameters
        ),
        *OF_EXPORT,
    } - {"folder"}
    return re.compile(rf"(?<![\w./-])({'|'.join(sorted(names))})=(\.\.\.|True\b|False\b)?")


def _as_flags(message: str) -> str:
    """A message of the library with its parameters spelled as flags: ``--height 500`` for ``height=500``."""

    def spelled(found: re.Match[str]) -> str:
        name, value = found.groups()
        flag = "-o" if name == "output" else f"--{'no-' if value == 'False' else ''}{name.replace('_', '-')}"
        return flag if value else f"{flag} "

    return _parameter().sub(spelled, message.replace("list_people(...)", "--list-people"))


def _shown(message: str) -> str:
    """A message as a terminal may show it: names may be of any length, and hold what would move the cursor."""
    message = shortened(message)
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda control: repr(control[0])[1:-1], message)


def _one_line(error: Exception, arguments: list[str]) -> str:
    message = _shown(_as_flags(" ".join(str(error).splitlines())))
    if isinstance(error, UnknownCommandError) and arguments and Path(arguments[0]).suffix:
        command = shlex.join(["motionrecon", "reconstruct", *arguments])
        return f"{arguments[0]} is not a command; to reconstruct a video, run: {command}"
    if isinstance(error, CycloptsError):
        if isinstance(error, UnusedCliTokensError):
            message = f"too many arguments; left over: {_shown(shlex.join(error.unused_tokens or []))}"
        command = next((name for name in arguments[:1] if name in app), "")
        return f"{message} (see {' '.join(['motionrecon', *filter(None, [command]), '--help'])})"
    return message


if __name__ == "__main__":
    sys.exit(main())
