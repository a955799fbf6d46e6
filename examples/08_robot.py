"""Give a motion to a humanoid robot: a start for retargeting tools, by joint names and in the robot's own order.

    python examples/08_robot.py walk_motionrecon g1.csv

Rows are frames: the root's place, metres, and its quaternion (x, y, z, w), then the 29 joints of Unitree's G1, radians,
without a header, as Unitree's own retargeted LAFAN1 is published. A humanoid whose hips, shoulders and waist turn
about pitch, roll and yaw in another order needs other letters in `JOINTS`, and another list of names. The heights are
scaled to the robot's legs; limits, balance and where its feet end up are for the retargeting tool to settle.

Without arguments the folder is made first, from the clip that comes with motionrecon.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motionrecon.body.anatomical import WORLD, segments_of
from motionrecon.body.pose import pose
from motionrecon.result.motion import Motion

#: Metres from a G1's hips to its soles when it stands.
LEG = 0.70
#: Where it turns: the proximal and the distal segment, the axes in the robot's order, and its joints' names. The
#: robot's x is forward, y left, z up, and its arms hang in its zero pose, with the forearms forward.
JOINTS = (
    *((f"{side}_hip", "pelvis", f"{side}_thigh", "YXZ", ("pitch", "roll", "yaw")) for side in ("left", "right")),
    *((f"{side}_knee", f"{side}_thigh", f"{side}_shank", "YXZ", ("",)) for side in ("left", "right")),
    *((f"{side}_ankle", f"{side}_shank", f"{side}_foot", "YXZ", ("pitch", "roll")) for side in ("left", "right")),
    ("waist", "pelvis", "trunk", "ZXY", ("yaw", "roll", "pitch")),
    *(
        (f"{side}_shoulder", "trunk", f"{side}_upper_arm", "YXZ", ("pitch", "roll", "yaw"))
        for side in ("left", "right")
    ),
    *((f"{side}_elbow", f"{side}_upper_arm", f"{side}_forearm", "YXZ", ("",)) for side in ("left", "right")),
)
#: The order of its joints; the wrists stay as they are.
LEGS = tuple(f"{side}_{name}" for side in ("left", "right") for name in (
    "hip_pitch", "hip_roll", "hip_yaw", "knee", "ankle_pitch", "ankle_roll"))  # fmt: skip
ARMS = tuple(f"{side}_{name}" for side in ("left", "right") for name in (
    "shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow", "wrist_roll", "wrist_pitch", "wrist_yaw"))  # fmt: skip
ORDER = (*LEGS, "waist_yaw", "waist_roll", "waist_pitch", *ARMS)


def made_from_the_demo() -> Path:
    """A folder with a motion."""
    import motionrecon
    from motionrecon.data.clips import CAMERA, demo_clip

    clip, folder = demo_clip(), Path(tempfile.mkdtemp()) / "demo"
    motionrecon.reconstruct(clip.video, height=1.78, camera=clip.camera, camera_name=CAMERA, end=0.3).save(folder)
    return folder


def turned(motion: Motion) -> dict[str, np.ndarray]:
    """The angles of the robot's joints by their names, radians."""
    at, segments = pose(motion.model, motion.qpos), segments_of(motion.body)
    axes = {name: segment.turned(at) for name, segment in segments.items()}  # ISB's: x forward, y up, z right
    found = {name: np.zeros(len(motion)) for name in ORDER}
    for joint, proximal, distal, order, names in JOINTS:
        between = WORLD @ axes[proximal].transpose(0, 2, 1) @ axes[distal] @ WORLD.T
        angles = np.unwrap(Rotation.from_matrix(between).as_euler(order), axis=0)
        for name, values in zip(names, angles.T, strict=False):
            found[f"{joint}_{name}".rstrip("_")] = values
    for side in ("left", "right"):  # an arm that hangs straight down is a quarter turn from the robot's zero
        found[f"{side}_elbow"] = found[f"{side}_elbow"] + np.pi / 2
    return found


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else made_from_the_demo()
target = Path(sys.argv[2] if len(sys.argv) > 2 else "g1.csv")
motion = Motion.load(folder)
angles = turned(motion)
places = dict(zip(motion.joint_names, motion.joints.transpose(1, 0, 2), strict=True))
hips, ankles = (0.5 * (places[f"left_{name}"] + places[f"right_{name}"]) for name in ("hip", "ankle"))
leg = np.linalg.norm(hips - ankles, axis=1).max() + ankles[:, 2].min()
root = motion.qpos[:, :3] * LEG / leg
rows = np.column_stack([root, motion.qpos[:, [4, 5, 6, 3]], *(angles[name] for name in ORDER)])
np.savetxt(target, rows, fmt="%.6f", delimiter=",")
knee = np.degrees(angles["left_knee"])
bends = f"the left knee bends {knee.min():.0f} to {knee.max():.0f} degrees"
print(f"{target}: {len(rows)} frames of {rows.shape[1] - 7} joints; {bends}")
