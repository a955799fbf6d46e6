"""Whether the clips of a list can be done, all of them looked at before the first one is begun."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from motionrecon.batch.clip import defaults
from motionrecon.batch.found import Clip
from motionrecon.errors import InputError, MotionReconError
from motionrecon.options import Options

#: What a parameter's error begins with: its name, and its value or none.
_NAMED = re.compile(r"(\w+)=(?:\.\.\. )?(.*)", re.DOTALL)
#: What decides which file a body is made from, which may take a second to read.
_BODY = ("body", "body_model", "sex")


def check(clips: Sequence[Clip], given: Mapping[str, Any]) -> None:
    """Look at all that lines of a list say, with what is given for all clips; clips of a folder say nothing.

    Films that cannot be read are not noticed: that takes long, and is the failure of those clips alone.

    Raises:
        InputError: the first line that cannot be used, with its column, and which others.
    """
    wrong = []
    for clip in clips:
        try:
            _check(clip, given)
        except MotionReconError as error:
            wrong.append((clip, str(error)))
    if not wrong:
        return
    clip, said = wrong[0]
    if (named := _NAMED.match(said)) and named[1] in clip.given:
        where = f"{clip.where}, column {named[1]}: {named[2]}"
    else:
        where = f"{clip.where}: {said}"
    others = ", ".join(other.where.rpartition(" ")[2] for other, _ in wrong[1:])
    more = f"; nor can line{'s' if len(wrong) > 2 else ''} {others} be used" if others else ""
    raise InputError(f"{where}{more} (nothing was begun)")


def _check(clip: Clip, given: Mapping[str, Any]) -> None:
    """Raise an InputError, or what else is wrong, of a clip; ``name=...`` begins what is said of a column."""
    from motionrecon.projects import opened
    from motionrecon.source import check_counts

    if not clip.where:
        return
    for film in clip.video:
        if not os.path.exists(film):
            raise InputError(f"there is no video {film}; relative paths begin at the folder of the list")
    video = list(clip.video) if len(clip.video) > 1 else clip.video[0]
    for_all = {name: value for name, value in given.items() if name != "end"}  # one beyond a film is the film's
    asked, _ = opened(defaults() | for_all | dict(clip.given) | {"video": video})
    if not clip.given.keys() & set(_BODY):  # then that was found right once for all clips
        asked |= {name: value for name, value in defaults().items() if name in _BODY}
    options = Options.of(asked)
    films = asked["video"] if isinstance(asked["video"], list | tuple) else [asked["video"]]
    check_counts(films, options, max(len(films), len(options.keypoints)))
    if clip.given.keys() & {"start", "end"}:
        _check_range(Path(films[0]), options)


def _check_range(film: Path, options: Options) -> None:
    from motionrecon.video import probe

    try:
        info = probe(film)
    except MotionReconError:  # its turn will tell
        return
    info.frame_range(options.start, options.end)
