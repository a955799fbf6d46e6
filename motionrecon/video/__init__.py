"""Reading a video: upright RGB frames on an even clock, one at a time.

Files in the wild are rotated and mirrored by metadata, run at a variable frame rate, start anew, skip and stop in the
middle, have pixels that are not square, or are no videos at all. All of that ends here: what `frames` yields is what a
player shows, at times ``k / fps`` after the first frame, and `probe` says in words what had to be mended.
"""

from motionrecon.video.info import VideoInfo, probe
from motionrecon.video.playing import Picture, frames, frames_from, pictures, shown
from motionrecon.video.upright import to_rgb

__all__ = ["Picture", "VideoInfo", "frames", "frames_from", "pictures", "probe", "shown", "to_rgb"]
