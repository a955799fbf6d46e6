"""Replay a motion in plain MuJoCo: nothing of motionrecon is needed for that.

    python examples/05_replay_in_mujoco.py walk_motionrecon

The controls simulate the same motion to the last bit, from the start of every simulated stretch. Without an argument
the folder is made first, from the clip that comes with motionrecon.
"""

import sys
import tempfile
from pathlib import Path

import mujoco
import numpy as np


def made_from_the_demo() -> Path:
    """A folder to replay."""
    import motionrecon
    from motionrecon.data.clips import CAMERA, demo_clip

    clip, folder = demo_clip(), Path(tempfile.mkdtemp()) / "demo"
    motionrecon.reconstruct(clip.video, height=1.78, camera=clip.camera, camera_name=CAMERA, end=0.3).save(folder)
    return folder


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else made_from_the_demo()
saved = np.load(folder / "motion.npz")
model = mujoco.MjModel.from_xml_path(str(folder / "model.xml"))
data = mujoco.MjData(model)
per_frame = round(1 / (saved["fps"] * saved["timestep"]))
starts = {int(row[0]): row[1:] for row in saved["segments"]}

largest = 0.0
for step, ctrl in enumerate(saved["ctrl"]):
    if step in starts:
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = np.split(starts[step], [model.nq])
    if np.isnan(ctrl).any():  # this step was not simulated
        continue
    data.ctrl[:] = ctrl
    data.qfrc_applied[:6] = saved["root_wrench"][step // per_frame]
    mujoco.mj_step(model, data)
    if (step + 1) % per_frame == 0 and step + 1 not in starts:
        largest = max(largest, abs(data.qpos - saved["qpos"][(step + 1) // per_frame]).max())
print(f"{len(saved['ctrl'])} steps replayed; the largest difference from the saved motion is {largest}")
