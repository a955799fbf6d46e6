"""Whom to follow in each of several recordings, so that all of them follow the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from motionrecon.core.progress import Progress
from motionrecon.errors import InputError
from motionrecon.keypoints import is_foreign, load_keypoints
from motionrecon.keypoints.choice import LARGEST, Choice, listed
from motionrecon.keypoints.clip import look_round
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.foreign import read_crowd
from motionrecon.keypoints.tracks import Looks, Track, everybody
from motionrecon.options import Options
from motionrecon.rig.people import Sighting, Unlike, by_meeting, by_turning, in_doubt, numbered, whereabouts
from motionrecon.run import Run
from motionrecon.source import Recording, Source


@dataclass(frozen=True)
class Company:
    """Everybody in V recordings.

    Attributes:
        tracks: of those in each recording, in the order of its own numbers.
        looks: when the tracks' frames were, in the player's time.
        sightings: the same as seen by posed or unposed cameras, in the person's time, as is what follows.
        rows: a row for each person: their places in the recordings' lists, -1 where a recording does not show them.
        started: seconds by which recordings start after the first, as far as it matters here.
        unlike: by what people were told from each other.
    """

    tracks: tuple[tuple[Track, ...], ...]
    looks: tuple[Looks, ...]
    sightings: tuple[tuple[Sighting, ...], ...]
    rows: Int[np.ndarray, "N V"]
    started: tuple[float, ...]
    unlike: Unlike

    def lines(self, names: Sequence[str]) -> list[str]:
        """A line for each person and recording that shows them."""
        own = [listed(tracks, looks) for tracks, looks in zip(self.tracks, self.looks, strict=True)]
        return [
            f"{person}: in {names[view]} {own[view][j].split(': ', 1)[1]}"
            for person, row in enumerate(self.rows.tolist(), start=1)
            for view, j in enumerate(row)
            if j >= 0
        ]


def company(source: Source, options: Options, kept: Sequence[Path | None], progress: Progress) -> Company:
    """Everybody in the recordings, and who is who.

    Args:
        source, options: what was given.
        kept: where each recording's detections are kept.
        progress: told how far the detection has come.
    """
    found = [
        _everybody(recording, number, options, kept[number], progress)
        for number, recording in enumerate(source.recordings)
    ]
    tracks = tuple(tuple(people) for people, _ in found)
    sightings = tuple(
        tuple(_sighting(track, looks, recording) for track in people)
        for (people, looks), recording in zip(found, source.recordings, strict=True)
    )
    unlike: Unlike = by_meeting([recording.camera for recording in source.recordings]) if source.posed else by_turning
    late = [0.0, *(map(source.leader.clock.lived, options.offset) if options.offset else [None] * (len(found) - 1))]
    if all(len(people) <= 1 for people in tracks) and _starts_are_known(tracks, late):  # who else could it be
        rows, started = np.array([[len(people) - 1 for people in tracks]]), tuple(start or 0.0 for start in late)
    else:
        rows, started = numbered(sightings, unlike, late)
    return Company(tracks, tuple(looks for _, looks in found), sightings, rows, started, unlike)


def _starts_are_known(tracks: Sequence[Sequence[Track]], late: Sequence[float | None]) -> bool:
    """Whether recordings' starts are known as far as they matter: to look in one for whom two others show."""
    showing = sum(map(bool, tracks))
    return None not in late or showing < 2 or showing == len(tracks)


def followed(run: Run, source: Source, options: Options, kept: Sequence[Path | None]) -> Source:
    """The recordings with the same person to follow in all of them.

    Where the user says whom to follow in each, or each shows one person only, they stay as they are. Whom a recording's
    own look round does not show is looked for where two others see them.

    Args:
        run: told what the user should know.
        source, options, kept: as of `company`.

    Raises:
        InputError: nobody is seen by all cameras, or it cannot be told who is who.
    """
    if len(options.person) > 1 or all(
        _is_one_person(recording, i, options) for i, recording in enumerate(source.recordings)
    ):
        return source
    all_of_them = company(source, options, kept, run.progress)
    choice = Choice.of(options.person[0] if options.person else LARGEST)
    counts = [len(tracks) for tracks in all_of_them.tracks]
    if (
        choice == Choice()
        and max(counts) <= 1
        and (min(counts) == 1 or not _can_be_followed(source, all_of_them.rows[0]))
    ):
        return source
    person = _chosen(source, all_of_them, choice)
    recordings = []
    for view, recording in enumerate(source.recordings):
        j = int(all_of_them.rows[person, view])
        if j < 0:
            recordings.append(_guided(source, all_of_them, person, view))
            continue
        chosen = replace(recording, person=str(j + 1))
        if recording.keypoints is not None and is_foreign(options.keypoints[view]):
            again = load_keypoints(*_foreign(chosen, options.keypoints[view]), chosen.person)
            first = recording.clock.first
            chosen = replace(chosen, keypoints=again.cut(range(first, first + len(recording.keypoints))))
        recordings.append(chosen)
    return replace(source, recordings=tuple(recordings))


def _chosen(source: Source, all_of_them: Company, choice: Choice) -> int:
    """The row of the person who is meant."""
    rows, names = all_of_them.rows, _names(source)
    shown = "; ".join(all_of_them.lines(names))
    if choice.number is not None:
        if choice.number > len(rows):
            raise InputError(f"person={choice}: nobody of that number; the cameras show {shown or 'nobody'}")
        able = [choice.number - 1]
    elif choice.point is not None:
        first = list(all_of_them.tracks[0])
        one, _ = choice.among(first, all_of_them.looks[0], names[0])
        able = [next(k for k, track in enumerate(first) if track is one)]
    else:
        able = [k for k in range(len(rows)) if _can_be_followed(source, rows[k])] or list(range(len(rows)))[:1]
    if not able:
        raise InputError(f"no person was found in {' and '.join(names)}; the whole body must be in view")
    person = able[0]
    unsure = []
    if not source.posed and not (choice == Choice() and not rows[person].any()):  # each one's largest is taken for one
        unsure = in_doubt(all_of_them.sightings, all_of_them.unlike, rows, all_of_them.started, person)
    if unsure or not _can_be_followed(source, rows[person]):
        where = [names[v] for v in unsure or np.flatnonzero(rows[person] < 0)]
        raise InputError(
            f"it cannot be told who in {', '.join(where)} is person {person + 1} of the other cameras, which show "
            f"{shown}; give person=... for each video, by its own numbers (list_people), or leave a video out"
        )
    return person


def _can_be_followed(source: Source, row: Int[np.ndarray, " V"]) -> bool:
    """Whether all recordings show somebody, or enough of them for the others to be looked at more closely."""
    missing = [recording for recording, j in zip(source.recordings, row, strict=True) if j < 0]
    seen = len(row) - len(missing)
    return not missing or (source.posed and seen >= 2 and all(recording.keypoints is None for recording in missing))


def _guided(source: Source, all_of_them: Company, person: int, view: int) -> Recording:
    """A recording in which somebody is to be looked for where the others see them."""
    recording = source.recordings[view]
    assert recording.video is not None
    frames = recording.video.frame_range(recording.start, recording.end)
    time = np.arange(frames.start, frames.stop) / recording.clock.fps
    seen = [all_of_them.sightings[v][j] if j >= 0 else None for v, j in enumerate(all_of_them.rows[person].tolist())]
    cameras = [one.camera for one in source.recordings]
    boxes = whereabouts(cameras, seen, all_of_them.started, view, time)
    if boxes is None:
        raise InputError(
            f"{_names(source)[view]} does not show person {person + 1}, whom other cameras see; leave its video out, "
            "or give person=... for each video"
        )
    return replace(recording, boxes=boxes)


def _everybody(
    recording: Recording, number: int, options: Options, kept: Path | None, progress: Progress
) -> tuple[list[Track], Looks]:
    """Everybody in a recording, and when their tracks' frames are."""
    clock = recording.clock
    if recording.keypoints is None:
        what = (recording.path, options.detector, recording.start, recording.end, kept, progress)
        clip, people = look_round(*what, options.hands, options.mirrored)
        return people, clip.looks
    path = options.keypoints[number]
    if is_foreign(path):
        crowd = read_crowd(*_foreign(recording, path))
        return everybody(crowd.frames, crowd.fps), Looks(1 / crowd.fps)
    k = recording.keypoints
    frames = np.flatnonzero(k.tracked).tolist()
    track = Track(frames, [Detection(k.pixels[t], k.confidence[t], k.points_3d[t]) for t in frames])
    return [track] if frames else [], Looks(1 / clock.shown_fps, clock.shown_at(0))


def _is_one_person(recording: Recording, number: int, options: Options) -> bool:
    """Whether a recording is a file of motionrecon's own, which holds one person."""
    return recording.keypoints is not None and not is_foreign(options.keypoints[number])


def _foreign(recording: Recording, path: Path) -> tuple[Path, Path | None, float | None, tuple[int, int] | None]:
    """What says how another tool's keypoints are to be read: the path, the video, or else a frame rate and a size."""
    if recording.video is not None:
        return path, recording.video.path, None, None
    return path, None, recording.clock.shown_fps, recording.camera.image_size


def _sighting(track: Track, looks: Looks, recording: Recording) -> Sighting:
    """A track of a recording, whose frames are known in the player's time, in the person's."""
    clock = recording.clock
    one = Sighting.of(track, clock.lived(looks.every), recording.camera)
    return replace(one, time=one.time + clock.lived(looks.first))


def _names(source: Source) -> list[str]:
    return [recording.name or recording.path.name for recording in source.recordings]
