"""An arm of your own: Optimus learns to find its pose from what a camera sees of it, and is compared with SciPy.

    python examples/07_own_model.py 3 my_arm.xml

The first number is how many minutes it trains (a few seconds without it, which is too short to learn much), the second
an MJCF, whose named sites are what the camera sees. `motionrecon train optimus --tasks poses --model my_arm.xml` trains
as well, and can be interrupted and resumed.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from motionrecon.poses.learned import PoseOptimus
from motionrecon.research.tasks.articulated import ModelPoses
from motionrecon.research.training.pose_training import PoseTraining
from motionrecon.research.training.settings import TrainingSettings

ARM = """
<mujoco model="arm">
  <default><joint limited="true" range="-90 90"/><geom type="capsule" size="0.04"/></default>
  <worldbody>
    <body name="upper_arm" pos="0 0 0.3">
      <joint name="turn" axis="0 0 1"/><joint name="lift" axis="0 1 0" range="-70 70"/>
      <geom fromto="0 0 0 0 0 0.35"/><site name="side" pos="0.06 0 0.17"/>
      <body name="forearm" pos="0 0 0.35">
        <joint name="roll" axis="0 0 1"/><joint name="bend" axis="0 1 0" range="-120 0"/>
        <geom fromto="0 0 0 0 0 0.3"/><site name="elbow"/><site name="forearm_side" pos="0.06 0 0.15"/>
        <body name="hand" pos="0 0 0.3">
          <joint name="hand_roll" axis="0 0 1"/><joint name="hand_bend" axis="0 1 0" range="-80 80"/>
          <geom fromto="-0.08 0 0.08 0.08 0 0.08" size="0.02"/>
          <site name="wrist"/><site name="finger" pos="-0.08 0 0.16"/><site name="other_finger" pos="0.08 0 0.16"/>
          <site name="thumb" pos="0 0.06 0.12"/>
        </body>
      </body>
    </body>
  </worldbody>
</mujoco>
"""
#: Jacobians that each may take, and poses on which they are compared.
BUDGET, POSES = 30, 64

minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
with tempfile.TemporaryDirectory() as scratch:
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "arm.xml"
    if len(sys.argv) < 3:
        path.write_text(ARM)
    settings = TrainingSettings(tasks="poses", model=str(path), minutes=minutes, lr=3e-3)
    training = PoseTraining(settings, Path(scratch) / "training", say=print)
    training.run()
    optimus = PoseOptimus.load(str(Path(scratch) / "training" / "weights.safetensors"))
    poses = ModelPoses.read(path)

drawn = poses.draw(POSES, np.random.default_rng(1))  # none of them was trained on
problem, start = drawn.problem, drawn.start
learned = optimus.descend(problem, start, BUDGET).history
classical = np.full(learned.shape, np.inf)
for i in range(POSES):
    frame, values = problem.part(np.array([i])), []

    def jacobian(step, i=i, frame=frame, values=values):
        r, J = frame.linearized(frame.moved(start[i : i + 1], step[None]))
        values.append((r[0] ** 2).sum())
        return J[0]

    def residuals(step, i=i, frame=frame):
        return frame.residuals(frame.moved(start[i : i + 1], step[None]))[0]

    least_squares(residuals, np.zeros(problem.n), jacobian, max_nfev=BUDGET + 1)
    lowest = np.minimum.accumulate(values)[: BUDGET + 1]
    classical[i, : len(lowest)] = lowest
    classical[i, len(lowest) :] = lowest[-1]

best = np.minimum(learned[:, -1], classical[:, -1])
for name, history in (("Optimus", learned), ("least_squares", classical)):
    there = history <= 1.25 * best[:, None]
    needed = np.where(there.any(1), there.argmax(1) + 1, BUDGET + 2)
    print(f"{name}: {needed.mean():.1f} Jacobians to 1.25 of the best found, {there.any(1).mean():.0%} get there")
