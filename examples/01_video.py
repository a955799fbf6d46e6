"""A video in, a motion out: what most people need.

    python examples/01_video.py walk.mp4 1.80

Without arguments it takes the clip that comes with motionrecon. Everything that `motionrecon reconstruct` writes (the
overlay, the BVH, the model, the report) goes to a folder, and the numbers come back as a `Motion`.
"""

import sys
from pathlib import Path

import motionrecon
from motionrecon.data.clips import CAMERA, demo_clip

if len(sys.argv) > 1:
    video, about = sys.argv[1], {"height": float(sys.argv[2]) if len(sys.argv) > 2 else 1.70}
else:
    clip = demo_clip()
    video, about = clip.video, {"height": 1.78, "camera": clip.camera, "camera_name": CAMERA, "end": 0.3}

folder = Path("example_motion")
motion = motionrecon.reconstruct(video, output=folder, force=folder.exists(), **about)

print(motion)
print("reprojection error:", motion.report["quality"]["reprojection_px"], "pixels")
left, right = (motion.joint_names.index(f"{side}_ankle") for side in ("left", "right"))
print("longest step:", abs(motion.joints[:, left, :2] - motion.joints[:, right, :2]).max().round(2), "m")
print("largest push of the floor:", motion.contact_force.sum(axis=1)[:, 2].max().round(), "N")
for warning in motion.report["warnings"]:
    print("warning:", warning)
