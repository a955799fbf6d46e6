"""What a report says of how somebody walks or runs."""

from __future__ import annotations

from motionrecon.mechanics.gait import gait
from motionrecon.result.motion import Motion
from motionrecon.result.report import GaitMeans

_TOLD = ("speed", "cadence", "stride_length", "step_length", "step_width", "stance_percent")


def gait_means(motion: Motion) -> tuple[GaitMeans | None, str | None]:
    """The means of the measures that matter most, of both sides; or why there are none."""
    walk = gait(motion)
    if not walk.strides:
        return None, walk.reason
    means = {name: walk[name].mean for name in _TOLD if walk[name].count}
    return GaitMeans.of({"kind": walk.kind, "strides": len(walk.strides), "steps": len(walk.steps)} | means), None
