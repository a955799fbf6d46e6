"""Keypoints of your own detector, and no video at all.

    python examples/02_keypoints_only.py

A keypoint file is a NumPy archive of pixels (T, 33, 2) and confidence (T, 33) in the order of MediaPipe's landmarks.
Here the "detector" is the exact truth of the demo clip seen through its camera, with a pixel of noise; put the arrays
of your own in its place. Landmarks that your detector does not know stay NaN with confidence 0.
"""

import tempfile
from pathlib import Path

import numpy as np

import motionrecon
from motionrecon.core import landmarks
from motionrecon.data.clips import CAMERA, demo_clip

clip = demo_clip()
truth = np.load(clip.truth)
frames = slice(0, 15)
names = [str(name) for name in truth["joint_names"]]
in_camera = truth["joints"][frames] @ truth["camera_R"].T + truth["camera_t"]
seen = in_camera[..., :2] / in_camera[..., 2:] * 1000 + (640, 360)
seen += np.random.default_rng(0).standard_normal(seen.shape)

pixels = np.full((len(seen), landmarks.COUNT, 2), np.nan)
confidence = np.zeros((len(seen), landmarks.COUNT))
for column, name in enumerate(names):
    pixels[:, landmarks.INDEX[name]] = seen[:, column]
    confidence[:, landmarks.INDEX[name]] = 1.0

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "keypoints.npz"
    np.savez(file, pixels=pixels, confidence=confidence, fps=truth["fps"], image_size=np.array([1280, 720]))
    motion = motionrecon.reconstruct(keypoints=file, camera=clip.camera, camera_name=CAMERA, height=1.78)

print(motion)
hips = [motion.joint_names.index(name) for name in ("left_hip", "right_hip")]
print("the hips are", motion.joints[:, hips, 2].mean().round(2), "m over the floor")
