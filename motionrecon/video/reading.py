"""The names that used to stand here, until all rooms import them from `motionrecon.video`."""

from motionrecon.video import VideoInfo, frames, prefetch, probe

__all__ = ["VideoInfo", "frames", "prefetch", "probe"]
