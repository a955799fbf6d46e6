"""Which frame each of many files is, from the numbers in their names; and which frame of a video that is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from motionrecon.core.clock import MOST_FRAMES
from motionrecon.errors import InputError

_DIGITS = re.compile(r"\d+")
#: Frames that a folder may span for each file in it, and in any case: more is a number that counts something else.
_SPAN_PER_FILE, _SPAN = 50, 10_000
#: Digits of a number that can count frames.
_LONGEST = 18

Template = tuple[str, ...]


def clips(names: Sequence[str]) -> dict[str, dict[int, str]]:
    """The names that count frames, by clip: a label (what stands beside the number), and frame numbers to names.

    Names are of one clip that differ in one number only. Where several differ (``cam1_0001``, ``cam2_0001``), the one
    with most values counts frames, and the others tell clips apart if it repeats. Names without a number are in none.

    Raises:
        InputError: two names of one clip have the same number (``1.json`` and ``01.json``).
    """
    templates: dict[Template, list[tuple[str, list[str]]]] = defaultdict(list)
    for name in names:
        stem = name[: name.rfind(".")] if "." in name else name
        digits = _DIGITS.findall(stem)
        if digits and max(map(len, digits)) <= _LONGEST:
            templates[tuple(_DIGITS.split(stem))].append((name, digits))
    found: dict[str, dict[int, str]] = {}
    for template, members in templates.items():
        place = _counting(members)
        alone = len({int(digits[place]) for _, digits in members}) == len(
            members
        )  # then the others tell no clips apart
        passed = {k for k in range(len(members[0][1])) if alone and len({digits[k] for _, digits in members}) > 1}
        for name, digits in members:
            label = template[0]
            for k, text in enumerate(template[1:]):
                label += ("#" if k == place else "*" if k in passed else digits[k]) + text
            frames, frame = found.setdefault(label, {}), int(digits[place])
            if frame in frames:
                raise InputError(
                    f"{frames[frame]} and {name} are the same frame; give a folder with the JSON of one clip"
                )
            frames[frame] = name
    return found


def _counting(members: Sequence[tuple[str, list[str]]]) -> int:
    """Which of the numbers in the names counts frames: the one with most values, then the densest, then the last."""
    values = [{int(digits[k]) for _, digits in members} for k in range(len(members[0][1]))]
    return max(range(len(values)), key=lambda k: (len(values[k]), min(values[k]) - max(values[k]), k))


def first_frame(
    numbers: Sequence[int], video_frames: int | None, name: str, base: int | None = None
) -> tuple[int, str | None]:
    """Which number is the clip's first frame, and in words why, where it is not obvious.

    Args:
        numbers: of all files.
        video_frames: how many frames the video has; None without a video, where the first file is the first frame.
        name: of the folder.
        base: what the tool is known to call a clip's first frame; None if tools differ.

    Raises:
        InputError: the numbers span more frames than there can be.
    """
    low, high = min(numbers), max(numbers)
    span = high - low + 1
    if video_frames is None:
        if span > min(max(_SPAN, _SPAN_PER_FILE * len(numbers)), MOST_FRAMES):
            raise InputError(
                f"{name}: {len(numbers)} files are numbered from {low} to {high}, which cannot be frames of one clip; "
                "give a folder with the JSON of one clip"
            )
        return low, None
    if base is not None and base <= low and high - base < video_frames:
        return base, None
    most = round(1.1 * video_frames) + 2
    if high < video_frames and low != 1:
        return 0, None
    if high <= video_frames and low >= 1:
        return 1, f"the files of {name} are numbered from {low}: number 1 is taken as the video's first frame"
    if high < most and low == 0:
        return 0, None
    if span > most:
        raise InputError(
            f"{name}: the files are numbered from {low} to {high}, the video has {video_frames} frames; "
            "give the video that they were seen in"
        )
    return low, f"the files of {name} are numbered from {low}: that one is taken as the video's first frame"
