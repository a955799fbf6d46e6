"""What a suite of clips is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from motionrecon.research.bench.reconstruct.truth import Truth


class Split(StrEnum):
    """What a clip may be used for."""

    #: Choices may be made on it.
    TUNING = "tuning"
    #: Nothing is ever chosen by it.
    TEST = "test"


@dataclass(frozen=True)
class BenchClip:
    """One clip of a suite.

    Attributes:
        suite: name of the suite.
        name: unlike all others of its suite; names a folder.
        split: what it may be used for.
        action: what is done in it.
        camera: seen from where.
        person: by whom.
        source: where the motion is from, in words.
    """

    suite: str
    name: str
    split: Split
    action: str
    camera: str
    person: str
    source: str


@dataclass(frozen=True)
class PreparedClip:
    """A clip that is ready to be reconstructed.

    Attributes:
        keypoints: file of what was detected in it.
        truth: what is known of it.
        given: what its user would say, parameters of `motionrecon.pipeline.reconstruct`.
        calibration: what the user of a calibrated camera would say besides.
        video: its film; None where there is none.
    """

    keypoints: Path
    truth: Truth
    given: Mapping[str, Any]
    calibration: Mapping[str, Any] = field(default_factory=dict)
    video: Path | None = None


class Suite(Protocol):
    """Clips with a truth; it can be pickled, and prepares its clips in any process."""

    @property
    def name(self) -> str:
        """What it is called."""

    def clips(self) -> Sequence[BenchClip]:
        """All clips that there are, of both splits."""

    def prepare(self, clip: BenchClip, detector: str, mirrored: bool = False) -> PreparedClip:
        """A clip, made or fetched if it is not there yet.

        Args:
            clip: one of `clips`.
            detector: that looks at it, where it is a film.
            mirrored: whether that looks at each picture mirrored, too.

        Raises:
            InputError: it cannot be had.
        """
