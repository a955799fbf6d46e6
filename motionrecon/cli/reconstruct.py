"""``motionrecon reconstruct``: `motionrecon.pipeline.reconstruct`, with a folder for what it gives, and with bars."""

from __future__ import annotations

import inspect
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionrecon import pipeline
from motionrecon.cli.command import command, own_flags
from motionrecon.cli.flags import Output, Switch, each, flags_of_reconstruct, taken
from motionrecon.cli.people import print_people
from motionrecon.cli.progress import bars
from motionrecon.cli.summary import summary
from motionrecon.errors import InputError

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.viewer.live import LiveViewer

_OWN_FLAGS = """
    view: open the viewer at once, on this machine only, and show there what is found, window by window, and at the end
        the result, until Ctrl-C; the address is printed.
    list_people: reconstruct nothing, but list everybody whom person can choose, and draw them with their numbers into
        <name of the video>_people.png beside the folder of the result; of several videos, with one number in all.
    quiet: no progress bars and no summary; warnings and errors show."""


def reconstruct(
    *videos: Path,
    output: Output = None,
    view: Switch = False,
    list_people: Switch = False,
    quiet: Switch = False,
    **given: Any,
) -> None:
    """`pipeline.reconstruct` into a folder, with bars and a line that says how good the result is."""
    given = taken(given)
    if list_people:
        return print_people(each(videos), output, quiet, **given)
    keypoints = given.get("keypoints")
    source = next(iter((*videos, *(keypoints if isinstance(keypoints, list) else [keypoints]))))
    if source is None:
        raise InputError("no video given; run: motionrecon reconstruct VIDEO (or give --keypoints)")
    folder = output or Path(f"{_called(source)}_motionrecon")
    if not view:
        run(each(videos), folder, quiet, **given)
        return
    from motionrecon.viewer.live import LiveViewer

    with LiveViewer(folder) as live:
        run(each(videos), folder, quiet, live, **given)
        live.wait()


def _called(source: Path) -> str:
    """What a result is called after: a file, or a project's folder."""
    if source.is_dir():
        return source.resolve().name or "result"
    return source.resolve().parent.name if source.name == "Config.toml" else source.stem


def _help() -> str:
    """The docstring of `pipeline.reconstruct` as the command's."""
    text = inspect.cleandoc(pipeline.reconstruct.__doc__ or "").replace("\n    video: ", "\n    videos: ")
    return text.partition("\n\nReturns:")[0] + _OWN_FLAGS


_own = own_flags(reconstruct)
command(reconstruct, flags={"videos": _own["videos"]} | flags_of_reconstruct() | _own, help=_help())


def run(
    video: Path | list[Path] | None, folder: Path, quiet: bool, live: LiveViewer | None = None, **given: Any
) -> Motion:
    """Reconstruct with bars and a line that says how good the result is, both unless ``quiet``; ``live`` may watch."""
    progress = bars(quiet)
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
        print(summary(motion, folder, time.perf_counter() - start))
        if licence := motion.body.licence:
            print(licence)
    return motion
