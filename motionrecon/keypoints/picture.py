"""A picture of everybody in a clip with their numbers, so that a user can say whom to follow."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from motionrecon.core.files import atomic, open_regular
from motionrecon.core.progress import Progress
from motionrecon.errors import InputError, OutputError
from motionrecon.keypoints.choice import listed
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.tracks import Looks, Track, everybody
from motionrecon.video import VideoInfo, frames, probe

#: Longer side of each frame in the picture, pixels, and frames in it at most.
_SIDE, _MOST = 1280, 12
#: Colours of the numbers, RGB, one after the other: told apart by everybody (Okabe and Ito).
_COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
#: Says in a PNG who wrote it: such a file may be replaced.
_SIGNED = b"Software\0motionrecon --list-people"


def draw_people(
    video: Path,
    picture: Path,
    keypoints: Path | None,
    detector: str,
    start: float | None,
    end: float | None,
    cache_dir: Path | None,
    progress: Progress,
) -> list[str]:
    """See `motionrecon.keypoints.list_people`."""
    check_ours(picture)
    if keypoints is None:
        from motionrecon.keypoints.clip import look_round

        clip, people = look_round(video, detector, start, end, cache_dir, progress)
        info, every, looks = clip.info, clip.every, clip.looks
    else:
        from motionrecon.keypoints.foreign import read_crowd

        if keypoints.is_file() and keypoints.suffix.lower() != ".json":
            raise InputError(f"{keypoints} holds one person only; there is nobody to choose from")

        crowd = read_crowd(keypoints, video, None, None)
        info, every, looks = probe(video), 1, Looks(1 / crowd.fps)
        people = everybody(crowd.frames, crowd.fps)
    lines = listed(people, looks)
    if keypoints is not None:
        people = [_within(track, info.frame_range(start, end)) for track in people]
        lines = [line for line, track in zip(lines, people, strict=True) if track.frames]
    if not lines:
        raise InputError(f"no person was found in {video.name}; the whole body must be in view and not too small")
    draw_numbered(info, dict(enumerate(people, start=1)), start, end, every, picture)
    return lines


def draw_numbered(
    info: VideoInfo, people: Mapping[int, Track], start: float | None, end: float | None, every: int, picture: Path
) -> None:
    """Draw people with their numbers into a picture, in as few frames of a clip as show them all.

    Args:
        info: of the clip.
        people: by their numbers; their tracks' frames are `every` frames apart, from `start`.
        start, end: the range in seconds; None for the whole clip.
        every: see there.
        picture: the PNG file to write.

    Raises:
        OutputError: it cannot be written.
    """
    check_ours(picture)
    shown = _frames_that_show(list(people.values()))
    images = [
        _marked(image, info, {k: d for k, d in _in_frame(people, row)})
        for row, image in _images(info, start, end, shown, every)
    ]
    _write(np.concatenate(images), picture)


def _within(track: Track, frames: range) -> Track:
    """What a track shows in some of the frames, numbered from the first of them; it may be nothing."""
    seen = [k for k, frame in enumerate(track.frames) if frame in frames]
    return Track([track.frames[k] - frames.start for k in seen], [track.detections[k] for k in seen])


def _frames_that_show(people: Sequence[Track]) -> list[int]:
    """As few rows of the tracks as show everybody, the first ones in which they are seen where that costs no more."""
    left = {k for k, track in enumerate(people) if track.frames}
    shown: list[int] = []
    while left and len(shown) < _MOST:
        votes: dict[int, int] = {}
        for k in left:
            for row in people[k].frames:
                votes[row] = votes.get(row, 0) + 1
        best = min(votes, key=lambda row: (-votes[row], row))
        shown.append(best)
        left -= {k for k in left if best in people[k].frames}
    return sorted(shown)


def _in_frame(people: Mapping[int, Track], row: int) -> Iterable[tuple[int, Detection]]:
    for number, track in people.items():
        if row in track.frames:
            yield number, track.detections[track.frames.index(row)]


def _images(
    info: VideoInfo, start: float | None, end: float | None, rows: Sequence[int], every: int
) -> Iterable[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
    wanted = {row * every: row for row in rows}
    with closing(frames(info.path, start, end, max_side=_SIDE, info=info)) as images:
        for k, image in enumerate(images):
            if k in wanted:
                yield wanted[k], image
            if k >= max(wanted):
                return


def _marked(
    image: UInt8[np.ndarray, "H W 3"], info: VideoInfo, people: dict[int, Detection]
) -> UInt8[np.ndarray, "H W 3"]:
    """A copy of a frame with a numbered box around everybody."""
    import cv2

    drawn, scale = image.copy(), image.shape[1] / info.image_size[0]
    letter = max(0.8, image.shape[0] / 500)
    thick = max(2, round(2 * letter))
    for number, person in people.items():
        colour = _COLOURS[(number - 1) % len(_COLOURS)]
        x0, y0, x1, y1 = (round(float(side)) for side in np.clip(person.box * scale, -1e4, 1e4))
        cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, thick)
        (width, height), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_SIMPLEX, letter, thick)
        left = min(max(x0, 0), drawn.shape[1] - width - 8)
        top = min(max(y0 - height - 8, 0), drawn.shape[0] - height - 8)
        cv2.rectangle(drawn, (left, top), (left + width + 8, top + height + 8), colour, -1)
        cv2.putText(
            drawn, str(number), (left + 4, top + height + 4), cv2.FONT_HERSHEY_SIMPLEX, letter, (0, 0, 0), thick
        )
    return drawn


def check_ours(picture: Path) -> None:
    """Raise an OutputError where a file stands in the way that is none of ours."""
    if not picture.exists():
        return
    try:
        with open_regular(picture) as file:
            ours = _SIGNED in file.read(256)
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise OutputError(f"{picture} exists and is no picture of list_people(...); move it away")


def _write(image: UInt8[np.ndarray, "H W 3"], picture: Path) -> None:
    """Write a PNG that says who wrote it."""
    import cv2

    ok, encoded = cv2.imencode(".png", image[..., ::-1])
    if not ok:
        raise OutputError(f"cannot write {picture}: a picture of {image.shape[1]}x{image.shape[0]} is too large")
    content = encoded.tobytes()
    chunk = b"tEXt" + _SIGNED
    signed = struct.pack(">I", len(_SIGNED)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    header = 8 + 25  # the signature and the first chunk
    with atomic(picture) as path:
        path.write_bytes(content[:header] + signed + content[header:])
