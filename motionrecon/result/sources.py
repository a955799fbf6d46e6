"""What may be written of a motion: nothing that is there already, unless asked, and never what it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.core.files import check_free, is_same
from motionrecon.errors import OutputError
from motionrecon.result.films import films_of
from motionrecon.result.storage import FILES

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion

#: Options of a run that name files, and what these are.
_FILES = {"keypoints": "the keypoints", "camera": "the calibration", "body_model": "the body model"}


def check_output(motion: Motion, files: Sequence[Path], force: bool) -> None:
    """See `motionrecon.result.motion.Motion.check_output`."""
    for file in files:  # first: what force=True would not replace is not said to be replaced by it
        for source, what in _sources(motion):
            if is_same(file, source):
                raise OutputError(f"{file} is {what} that the motion was made from; choose another name")
        if _breaks_a_result(file, files):
            raise OutputError(f"{file} is a part of a result, which does not open without it; choose another name")
    check_free(files, force)


def _breaks_a_result(file: Path, files: Sequence[Path]) -> bool:
    """Whether a file belongs to a result that is not replaced as a whole."""
    real = file.resolve()
    if real.name not in FILES:
        return False
    whole = {real.parent / name for name in FILES}
    return all(part.is_file() for part in whole) and not whole <= {other.resolve() for other in files}


def _sources(motion: Motion) -> Iterator[tuple[Path, str]]:
    """The user's own files that a motion was made from, and what each is called."""
    for film in films_of(motion):
        if film.video is not None:
            yield film.video, "the film"
    for option, what in _FILES.items():
        given = (motion.report.options or {}).get(option)
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, str):
                yield Path(one), what
