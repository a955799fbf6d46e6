"""Keypoints of one person in every frame of a clip: detected in a video, or loaded from a file.

Two doors: `detect_keypoints` and `load_keypoints`; `list_people` shows whom they can follow. Behind them, one job a
file:

- a reconstruction: `observe` is its first stage, from keypoints to views;
- a video: `clip` detects and chooses, `passes` goes over the frames with `detect` and `hands` in the process that
  `child` keeps, `lookout` tells who is there, `gaps` looks where the person was lost, `pass_detections` is what was
  seen, `mirrored` takes the mean of looks at a picture and its mirror image, `models` finds the detectors' files;
- files: `file` is motionrecon's own format, `foreign` loads what other tools wrote: `folder` finds it, `numbering`
  tells its frames, `formats` reads the people in it, `layouts` knows their points, `bounds` refuses what no camera
  gives;
- people: `tracks` follows them, `choice` picks one, `picture` draws them with their numbers;
- one person: `flips` undoes exchanged sides, `outliers` doubts what jumps, `person` does both; `sides` puts
  right what was exchanged for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.errors import InputError
from motionrecon.keypoints.types import Keypoints

if TYPE_CHECKING:
    from motionrecon.core.progress import Progress
    from motionrecon.keypoints.sides import Judge

__all__ = ["Keypoints", "detect_keypoints", "is_foreign", "list_people", "load_keypoints"]


def detect_keypoints(
    video: str | Path,
    detector: str = "full",
    start: float | None = None,
    end: float | None = None,
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
    person: str | int | Sequence[float] = "largest",
    hands: bool = False,
    judge: Judge | None = None,
    mirrored: bool = False,
) -> Keypoints:
    """Detect and follow one person in a video, in one streaming pass that also watches the background.

    Args:
        video: the file.
        detector: ``full`` (installed, quick) or ``heavy`` (fetched once, fewer exchanged sides).
        start, end: the range in seconds; None for the whole clip.
        cache_dir: where the result is kept, so that the same call comes back at once; None for no cache.
        progress: told of every frame and of every warning.
        person: whom to follow: ``largest`` (the largest that stays longest), a number as `list_people` draws them, or
            the (x, y) in pixels of a point on them in the first picture in which they are seen.
        hands: look for their hands, too.
        judge: says how unlikely the motion is that keypoints show, as `motionrecon.kinematics.likely.unlikely` does;
            with it, the film is looked at mirrored where left and right are in doubt, and the likelier is taken.
        mirrored: look at each picture mirrored, too, and take the mean of both looks.

    Returns:
        Keypoints with one row for each frame of the range; ``warnings`` says what the user should know.

    Raises:
        InputError: the video cannot be used, or nobody, or not that person, is in it.
        ModelError: the detector's model cannot be had.
    """
    from motionrecon.core.progress import Silent
    from motionrecon.keypoints.choice import Choice
    from motionrecon.keypoints.clip import detect_clip

    directory = None if cache_dir is None else Path(cache_dir)
    return detect_clip(
        Path(video), detector, start, end, Choice.of(person), directory, progress or Silent(), hands, judge, mirrored
    )


def load_keypoints(
    path: str | Path,
    video: str | Path | None = None,
    fps: float | None = None,
    image_size: tuple[int, int] | None = None,
    person: str | int | Sequence[float] = "largest",
) -> Keypoints:
    """Keypoints from motionrecon's own ``.npz`` (see `motionrecon.keypoints.file`) or what another tool wrote.

    That is a folder of JSON, one file a frame, as OpenPose, Pose2Sim, Sports2D and RTMPose write it, or one JSON file
    for the clip, as AlphaPose and MMPose do.

    Args:
        path: the file or folder.
        video: the clip that the keypoints were seen in: gives what those tools' files do not say.
        fps: frames per second of such files; the video's own if None.
        image_size: (width, height) in pixels for such files; the video's own if None.
        person: whom to follow where such files show several people; as in `detect_keypoints`.

    Raises:
        InputError: the path holds no keypoints, they are damaged, the frame rate or image size is not known, or that
            person is not there.
    """
    from motionrecon.keypoints.choice import Choice

    path, choice = Path(path), Choice.of(person)
    if not path.exists():
        raise InputError(f"no such file: {path}")
    if is_foreign(path):
        from motionrecon.keypoints.foreign import load_foreign

        return load_foreign(path, video, fps, image_size, choice)
    from motionrecon.keypoints.file import load

    if choice != Choice():
        raise InputError(f"{path} holds one person only; person={choice} chooses in a video or in other tools' files")
    return load(path)


def is_foreign(path: Path) -> bool:
    """Whether keypoints are what another tool wrote, which may be of several people, rather than motionrecon's own."""
    return path.is_dir() or path.suffix.lower() == ".json"


def list_people(
    video: str | Path,
    picture: str | Path,
    keypoints: str | Path | None = None,
    detector: str = "full",
    start: float | None = None,
    end: float | None = None,
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Everybody whom ``person`` can choose, drawn with their numbers into a picture.

    Args:
        video: the clip.
        picture: the PNG file to write.
        keypoints: what another tool wrote of the video, instead of detection.
        start, end: the range in seconds; None for the whole clip. Only who is seen in it is shown; beside
            ``keypoints`` they keep the numbers, times and places of the whole clip, in which ``person`` chooses.
        detector, cache_dir, progress: as for `detect_keypoints`.

    Returns:
        A line for each person: the number, when they are seen, their size and place.

    Raises:
        InputError: the video or the keypoints cannot be used, or nobody is in them.
        OutputError: the picture cannot be written.
    """
    from motionrecon.core.progress import Silent
    from motionrecon.keypoints.picture import draw_people

    directory = None if cache_dir is None else Path(cache_dir)
    source = None if keypoints is None else Path(keypoints)
    return draw_people(Path(video), Path(picture), source, detector, start, end, directory, progress or Silent())
