"""Reading a video: upright RGB frames on an even clock, one at a time."""

from motionrecon.video.reading import VideoInfo, frames, prefetch, probe

__all__ = ["VideoInfo", "frames", "prefetch", "probe"]
