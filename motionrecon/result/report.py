"""How a motion was made and how good it is: what ``report.json`` holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from motionrecon.background.motion import UNKNOWN
from motionrecon.core.records import Record
from motionrecon.kinematics.choice import Choice
from motionrecon.physics.windows.stretch import WindowRecord
from motionrecon.verdict.record import Verdict

#: Where a person's height may be from.
GIVEN, FOUND, ASSUMED = "given", "found", "assumed"


@dataclass(frozen=True, eq=False)
class ClipSource(Record):
    """What the motion was made from.

    Attributes:
        video: path of the video; None where there were keypoints only.
        sha256: of the video.
        start, end: the chosen range, seconds in the player's time; None for the clip's beginning and end.
    """

    video: str | None
    sha256: str | None
    start: float | None
    end: float | None


@dataclass(frozen=True, eq=False)
class Person(Record):
    """The person's height (m), mass (kg), and lengths between the joints (m).

    Attributes:
        body: of which kind the body is, of `motionrecon.body.BODIES`; reports of versions that had one only do not say.
        sex: as it was given: female, male or neutral.
        age: years, as it was given; None where an adult was assumed, or a child of that height.
        height_from: whether the height was ``given``, ``found`` by several calibrated cameras, or ``assumed``; None in
            older results.
    """

    height: float
    mass: float
    lengths: dict[str, float]
    body: str = "capsules"
    sex: str = "neutral"
    age: float | None = None
    height_from: str | None = None


@dataclass(frozen=True, eq=False)
class CameraTilt(Record):
    """How a camera is tilted, as one thing says that tells which way is up.

    Attributes:
        pitch_deg, roll_deg: by which it looks up, and by which what is vertical leans right in its picture, degrees.
        error_deg: standard deviation of each, degrees.
        lines: how many lines of the pictures agree, where these say it.
    """

    pitch_deg: float
    roll_deg: float
    error_deg: float
    lines: int | None = None


@dataclass(frozen=True, eq=False)
class CameraFound(Record):
    """The camera that the motion was seen through.

    Attributes:
        pose: "calibrated" or "estimated".
        focal_length: "given", "assumed", or "found" (from how it turned, or from straight lines behind the person).
        focal_px: pixels; in the first frame, where it zooms.
        pitch_deg: by which it looks up, degrees; in the first frame, where it turns.
        roll_deg: by which what is vertical leans right in the middle of its picture, degrees; None in older results.
        up_error_deg: standard deviation of the direction of up, degrees, where it was estimated.
        by_standing, by_looks, by_lines: what it was estimated from: how the person stands, how the person looks to a
            detector whose errors were learned (with its depth corrected), and straight lines behind the person, of a
            room's three directions or vertical ones, where there are such that tell.
        by_level: that the camera was taken as held level, as nothing else told: somebody lies or crawls for most of the
            clip; or that this counts beside all else, as somebody has their knees bent all the time.
        motion: "static"; "assumed static", where nobody looked, or the background tells nothing; "turns" or "turns and
            zooms", as the background showed it; "reframed", where it stands, and a window was moved over its picture;
            "unknown", where it moves otherwise, and nothing is simulated.
        turned_deg: by how much it turns away from the first frame at most, degrees; 0 where it does not.
        zoomed: the longest focal length in the shortest.
    """

    pose: str
    focal_length: str
    focal_px: float
    pitch_deg: float
    roll_deg: float | None = field(default=None, kw_only=True)
    up_error_deg: float | None = field(default=None, kw_only=True)
    by_standing: CameraTilt | None = field(default=None, kw_only=True)
    by_looks: CameraTilt | None = field(default=None, kw_only=True)
    by_lines: CameraTilt | None = field(default=None, kw_only=True)
    by_level: CameraTilt | None = field(default=None, kw_only=True)
    motion: str | None = field(default=None, kw_only=True)
    turned_deg: float | None = field(default=None, kw_only=True)
    zoomed: float | None = field(default=None, kw_only=True)


@dataclass(frozen=True, eq=False)
class CameraOfSeveral(CameraFound):
    """One of several cameras.

    Attributes:
        name: in the calibration, or that of its video.
        video, sha256: path and hash of its video; None where there were keypoints only.
        fps: frames per second of its film, as a player shows it; None if it is not known.
        filmed_fps: frames per second at which it was filmed, where that is another (slow motion).
        offset: seconds by which its film begins after that of the first camera, in the time of the first one's player.
        offset_error: its standard deviation, seconds: 0 for the first camera and where it was given; None where nothing
            told it, and in results of older versions.
        tracked: frames of the motion in which it saw the person.
        reprojection_px, reprojection_percent: as of `Quality`, in this camera.
        rotation_error_deg, place_error_m: standard deviations of where it stands, degrees and metres, where that was
            found from the person.
    """

    name: str
    video: str | None
    sha256: str | None
    offset: float
    tracked: int
    reprojection_px: float | None
    reprojection_percent: float | None
    rotation_error_deg: float | None = None
    place_error_m: float | None = None
    offset_error: float | None = None
    fps: float | None = None
    filmed_fps: float | None = None


@dataclass(frozen=True, eq=False)
class FrameCounts(Record):
    """How many frames there are in all, with a person in them, and simulated; and how fast they follow each other.

    Attributes:
        total, tracked, simulated: frames.
        fps: frames per second of the time in which the person moved.
        film_fps: frames per second as a player shows the film, where that is slow motion.
        hands: frames in which the left and the right hand are seen; None where nobody looked, or saw any.
    """

    total: int
    tracked: int
    simulated: int
    fps: float
    film_fps: float | None = None
    hands: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Quality(Record):
    """What can be said without a reference; see `motionrecon.result.quality` and `motionrecon.result.metrics`.

    Attributes:
        reprojection_px: mean distance between the limbs' marks and confident keypoints; NaN (in a file null) without.
        reprojection_percent: the same in percent of the person's height in the picture.
        skate_percent: share of frames in which a foot slides; NaN (in a file null) of a film too slow to tell.
        penetration_mm, float_mm: mean depth of the soles' points below the floor, and height of the lowest above it;
            in older results of the landmarks of heel and toes, which lie 2 and 3 cm over the soles.
    """

    reprojection_px: float | None
    reprojection_percent: float | None
    skate_percent: float | None
    penetration_mm: float | None
    float_mm: float | None


@dataclass(frozen=True, eq=False)
class GaitMeans(Record):
    """How somebody walks or runs: means of both sides over whole strides; `motionrecon.mechanics.gait` has all.

    Attributes:
        kind: ``walk`` or ``run``.
        strides, steps: over how many.
        speed: m/s.
        cadence: steps a minute.
        stride_length, step_length, step_width: metres.
        stance_percent: of the stride's time.
    """

    kind: str
    strides: int
    steps: int
    speed: float | None
    cadence: float | None
    stride_length: float | None
    step_length: float | None
    step_width: float | None
    stance_percent: float | None


@dataclass(frozen=True, eq=False)
class Learned(Record):
    """What was learned beforehand and had a part in the motion.

    Attributes:
        bank: name of the bank of typical poses from which the kinematic fit began; None where it began from a relaxed
            pose, as it was told to or as none is known for such a body.
        bank_body: kind of body that the bank is of: where it is another than the person's, each hinge does its share.
        bank_sha256: of its file.
        weights: name of the weights that the physics' optimizer ran with; None where it has none, or without physics.
        weights_sha256: of their file.
        depth: name of the network that corrected the detector's 3D; None where it was taken as it was, or there is
            none.
        depth_sha256: of its file.
    """

    bank: str | None
    bank_body: str | None
    bank_sha256: str | None
    weights: str | None
    weights_sha256: str | None
    depth: str | None = None
    depth_sha256: str | None = None


@dataclass(frozen=True, eq=False)
class Report(Record):
    """A report, read by name (``report.quality.skate_percent``) or, as JSON, by key (``report["quality"]``).

    A report that somebody else wrote may lack anything, and hold more.

    Attributes:
        source: what the motion was made from.
        options: every option of the run, so that it can be repeated.
        versions: of motionrecon and the packages that it computes with.
        person, camera, frames, quality: see there.
        cameras: all of them, that of ``camera`` first, where there are several.
        learned: what was learned beforehand and had a part in it.
        chosen: what the kinematic fit chose from how the person moves; None in older results.
        belt_speed: m/s of the belt of the treadmill that the person is on; None where they are on none.
        verdict: how far from the truth the motion is expected to be, in a word, and why.
        gait: how the person walks or runs; None where they do not for a whole stride, or nothing was simulated, and in
            older results.
        no_gait: why there is none; None where there is one, and in older results.
        seconds: that each stage took.
        windows: one record for each window of the physics.
        fallbacks: steps of Optimus in the windows that lowered nothing, and were damped more.
        warnings: what the user was told.
        more: what else stands in the file.
    """

    source: ClipSource | None = None
    options: dict[str, Any] | None = None
    versions: dict[str, str] | None = None
    person: Person | None = None
    camera: CameraFound | None = None
    cameras: tuple[CameraOfSeveral, ...] | None = None
    learned: Learned | None = None
    chosen: tuple[Choice, ...] | None = None
    belt_speed: float | None = None
    frames: FrameCounts | None = None
    seconds: dict[str, float] | None = None
    quality: Quality | None = None
    verdict: Verdict | None = None
    gait: GaitMeans | None = None
    no_gait: str | None = None
    windows: tuple[WindowRecord, ...] | None = None
    fallbacks: int | None = None
    warnings: list[str] | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def camera_unknown(self) -> bool:
        """Whether a camera moved in a way that nobody could tell, so that nothing was simulated."""
        cameras = (*(self.cameras or ()), *((self.camera,) if self.camera else ()))
        return any(camera.motion == UNKNOWN for camera in cameras)

    @property
    def height_from(self) -> str:
        """Whether the person's height was ``given``, ``found`` or ``assumed``; empty where nobody knows.

        An older result's options hold the height that was assumed, and say whether it was given.
        """
        person, options = self.person, self.options or {}
        if person is None or person.height_from:
            return "" if person is None else person.height_from or ""
        if options.get("height_given") is False:
            return ASSUMED if person.height == options.get("height") else FOUND
        return GIVEN if options.get("height_given") else ""

    def __getitem__(self, key: str) -> Any:
        return self.more[key] if key in self.more else super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in super().__iter__() if name != "more")
        yield from self.more

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(cls)} - {"more"}
        given = {key: value for key, value in content.items() if key in known}
        return super().of(given | {"more": {str(k): v for k, v in content.items() if k not in known}})
