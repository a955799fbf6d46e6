"""Looking at mirrored pictures: whom they show, as in the picture itself; and the mean of a look at each of the two.

A detector errs differently of a picture and of its mirror image, above all in depth, and what is lopsided in it is so
the other way round. So both together know more than either (`docs/how_it_works.md` has figures).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8

from motionrecon.core.landmarks import COUNT, MIRROR
from motionrecon.keypoints.afresh import same
from motionrecon.keypoints.detection import Detection
from motionrecon.keypoints.outliers import doubt_jumps
from motionrecon.keypoints.tracks import Track
from motionrecon.keypoints.types import Keypoints
from motionrecon.keypoints.votes import exchanged_nearer

#: A landmark that the two looks have farther apart than this, in sizes of the person, is where the first has it: one of
#: the two is wrong, and halfway there is nothing.
_APART = 0.05


def seen_mirrored(
    seen: Callable[[np.ndarray], list[Detection]], image: UInt8[np.ndarray, "H W 3"], width: int
) -> list[Detection]:
    """Whom somebody sees in the mirrored image, as they are in the image, in pixels of a picture of that width."""
    return [one.mirrored(width) for one in seen(np.ascontiguousarray(image[:, ::-1]))]


def with_second(first: Sequence[Detection], second: Sequence[Detection]) -> list[Detection]:
    """Those seen at a first look, each with the one of those seen at a second look who is the same person."""
    return [replace(one, second=same(one, second)) for one in first]


def second_looks(track: Track) -> Track:
    """What second looks show of a person."""
    pairs = zip(track.frames, track.detections, strict=True)
    seen = [(frame, one.second) for frame, one in pairs if one.second is not None]
    return Track([frame for frame, _ in seen], [one for _, one in seen])


def mean_of_looks(keypoints: Keypoints, second: Track) -> Keypoints:
    """The mean of keypoints and of what second looks show of the same person, with the sides that the keypoints have.

    Where these show nothing, or a landmark elsewhere, it is as it was. A jump that both looks show stays doubted.
    """
    at = dict(zip(second.frames, second.detections, strict=True))
    frames = [frame for frame in second.frames if keypoints.tracked[frame]]
    if not frames:
        return keypoints
    seen = [at[frame] for frame in frames]
    exchanged = exchanged_nearer(keypoints, frames, seen) > 0.0
    rows, take = np.arange(len(frames))[:, None], np.where(exchanged[:, None], MIRROR, np.arange(COUNT))

    def theirs(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in seen], dtype=float)[rows, take]

    apart = np.linalg.norm(theirs("pixels") - keypoints.pixels[frames], axis=-1)
    near = apart < _APART * np.array([one.size for one in seen])[:, None]  # not where one of them is NaN

    def mean(name: str, of_each: np.ndarray) -> np.ndarray:
        mixed = np.array(getattr(keypoints, name))
        other = theirs(name)
        mixed[frames] = np.where(of_each & np.isfinite(other), (mixed[frames] + other) / 2, mixed[frames])
        return mixed

    both = replace(
        keypoints,
        pixels=mean("pixels", near[..., None]),
        confidence=mean("confidence", near),
        points_3d=mean("points_3d", near[..., None]),
    )
    return doubt_jumps(both)[0]
