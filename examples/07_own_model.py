"""An arm of your own: Optimus learns to find its pose from what a camera sees of it, and is compared with SciPy.

    python examples/07_own_model.py --minutes 3 --model my_arm.xml --seed 0

Without `--minutes` it trains for a few seconds, which is too short to learn much; without `--model`, an MJCF whose
named sites are what the camera sees, it takes arm.xml beside this file. `motionrecon train optimus --tasks poses
--model my_arm.xml` trains as well, and can be interrupted and resumed.

Trained for 3 minutes of one core (seed 0), Optimus needed 14.4 Jacobians for this arm, in 64 poses and before 64
cameras that it was never trained on, and got there in 73 %; SciPy's best method needed 25.8 and got there in 28 %: a
ratio of 0.56 +- 0.06 (seeds 1 and 2: 0.54 and 0.55 +- 0.06). To get there is to come within 1.25 of the best that any
of them finds, or a descent from the true pose; who does not counts 32. At the end a picture of one's own is solved.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from motionrecon.body.pose import pose
from motionrecon.cameras.pinhole import LEVEL, Pinhole
from motionrecon.poses.damped import descend
from motionrecon.poses.learned import PoseOptimus
from motionrecon.research.tasks.poses.articulated import ModelPoses
from motionrecon.research.training.pose_training import PoseTraining
from motionrecon.research.training.settings import TrainingSettings

#: Jacobians that each may take, and poses on which they are compared, each before a camera of its own.
BUDGET, POSES = 30, 64
#: What SciPy offers for sums of squares; the best of them is compared with.
PEERS = {
    "lm": {"method": "lm"},
    "trf": {"method": "trf"},
    "trf, scaled": {"method": "trf", "x_scale": "jac"},
    "dogbox": {"method": "dogbox"},
}


def followed(problem, start, options):
    """The lowest value after each Jacobian of least_squares, on one frame."""
    values = []

    def residuals(step):
        return problem.residuals(problem.moved(start, step[None]))[0]

    def jacobian(step):
        r, J = problem.linearized(problem.moved(start, step[None]))
        values.append((r[0] ** 2).sum())
        return problem.articulation.by_step(step[None], J[0])

    found = least_squares(residuals, np.zeros(problem.n), jacobian, max_nfev=4 * BUDGET, **options)
    values.append(2 * found.cost)  # where it stopped, without a Jacobian there
    lowest = np.minimum.accumulate(values)[: BUDGET + 1]
    return np.append(lowest, np.full(BUDGET + 1 - len(lowest), lowest[-1]))


parser = argparse.ArgumentParser()
parser.add_argument("--minutes", type=float, default=0.05, help="of training, on one core")
parser.add_argument("--model", type=Path, default=Path(__file__).with_name("arm.xml"), help="an MJCF")
parser.add_argument("--seed", type=int, default=0, help="of the training")
given = parser.parse_args()
with tempfile.TemporaryDirectory() as scratch:
    settings = TrainingSettings(
        "optimus", "poses", model=str(given.model), minutes=given.minutes, seed=given.seed, lr=3e-3
    )
    training = PoseTraining(settings, Path(scratch), say=print)
    began = time.process_time()
    training.run()
    print(f"trained in {time.process_time() - began:.0f} s of one core")
    optimus = PoseOptimus.load(str(Path(scratch) / "weights.safetensors"))

poses = ModelPoses.read(given.model)
drawn = poses.draw(POSES, np.random.default_rng(1))  # neither these cameras nor the poses were trained on
problem, start = drawn.problem, drawn.start
frames = [(problem.part(np.array([i])), start[i : i + 1]) for i in range(POSES)]
histories = {"Optimus": optimus.descend(problem, start, BUDGET).history}
for name, options in PEERS.items():
    histories[name] = np.array([followed(*frame, options) for frame in frames])
best = descend(problem, drawn.qpos, BUDGET).value  # from the true poses
best = np.min([best, *(history[:, -1] for history in histories.values())], axis=0)
needed, there = {}, {}
for name, history in histories.items():
    arrived = history <= 1.25 * best[:, None]
    there[name] = arrived.any(1)
    needed[name] = np.where(there[name], arrived.argmax(1) + 1, BUDGET + 2)
name = min(PEERS, key=lambda name: needed[name].mean())
for label, key in (("Optimus", "Optimus"), (f"least_squares ({name})", name)):
    print(f"{label}: {needed[key].mean():.1f} Jacobians to 1.25 of the best known, {there[key].mean():.0%} get there")
ratio = needed["Optimus"].mean() / needed[name].mean()
away = (needed["Optimus"] - ratio * needed[name]) / needed[name].mean()
print(f"ratio {ratio:.2f} +- {away.std(ddof=1) / POSES**0.5:.2f}, paired")

# A picture of your own: a camera (here one before the model), and where it saw the named sites, in the model's
# order, NaN where it did not. These pixels are those of the first of the poses above.
K = np.array([[800.0, 0, 320], [0, 800, 240], [0, 0, 1]])
camera = Pinhole(K, (640, 480), LEVEL, -LEVEL @ [0.0, -2 * poses.size, 0.4 * poses.size])
pixels = camera.project(drawn.truth[:1])
picture, relaxed = poses.seen(camera, pixels)
found = optimus.descend(picture, relaxed, BUDGET)
off = camera.project(pose(poses.articulation.model, found.x).at(poses.articulation.points)) - pixels
print(f"qpos {found.x[0].round(2)}, seen {np.nanmedian(np.abs(off)):.1f} pixels from where the sites were")
