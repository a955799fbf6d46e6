"""The physics stage: the simulated motion of a clip, window by window, resumed where an interrupted run had got to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motionrecon.core.arrays import pack, unpack
from motionrecon.core.cache import Checkpoint
from motionrecon.options import Options
from motionrecon.physics.windows.course import WEIGHTS, simulate_clip
from motionrecon.physics.windows.problem import Engine
from motionrecon.physics.windows.stretch import Status, Stretch
from motionrecon.physics.windows.window import Trust, Windows, WindowSettings
from motionrecon.run import Run
from motionrecon.views import Figure

#: Standard deviation of the residual wrench that ``assist=True`` allows, in units of the person's weight.
ASSIST = 0.1

#: Frames per second below which the moments at which feet come down and leave are worth a word: of walkers on force
#: plates they are off by 10 to 20 ms from 30 frames a second down to 7.5, and by 35 to 170 at 5, where soles that bear
#: weight slide at 0.11 instead of 0.02 m/s; the force on both feet together is as right as ever.
FEW = 7.0

#: What the user is told of windows that were not simulated.
_REASONS = {
    Status.FAILED: "no simulated motion was found",
    Status.SEATED: "the person sits or leans on something that is not simulated",
    Status.HELD_UP: "the person is held up by something above the floor, which is not simulated,",
}


def simulate(
    run: Run, figure: Figure, options: Options, show: Callable[[Stretch], None] = lambda so_far: None
) -> Stretch:
    """The controls that make the simulated person do what the video shows.

    Nothing with ``physics=False``, nor where the camera moves in a way that nobody can tell.

    Args:
        run, figure, options: of the clip.
        show: called with the motion so far, after every window, and with that of an interrupted run before the first.
    """
    if not options.physics or figure.before_unknown_camera:
        return Stretch.empty(figure)
    settings = WindowSettings(
        options.window, options.overlap, options.optimizer, assist=ASSIST if options.assist else None
    )
    checkpoint = Checkpoint(
        run.cache,
        "physics",
        pack(figure)
        | {"settings": vars(settings), "trust": vars(Trust()), "seed": options.seed}
        | {"weights": weights_of(options.optimizer)},
    )
    with run.stage("physics", len(figure) - 1) as advance:
        saved = checkpoint.load(run.progress)
        resumed = None if saved is None else unpack(Stretch, saved)
        if resumed is not None:
            advance(resumed.frame)
            show(resumed)

        def after_window(so_far: Stretch, frames: int) -> None:
            checkpoint.save(pack(so_far))
            advance(frames)
            show(so_far)

        windows = Windows(Engine.of(figure.body), figure, settings)
        stretch = simulate_clip(windows, resumed, after_window, options.seed)
    say_what_to_doubt(run, figure, stretch)
    return stretch


def say_what_to_doubt(run: Run, figure: Figure, stretch: Stretch) -> None:
    """Warn of what was not simulated, and of what is simulated poorly."""
    if figure.clock.fps < FEW and stretch.simulated_frames:
        run.warn(
            f"the film has {figure.clock.fps:.3g} frames per second: when feet come down and leave the floor is a "
            "guess between two of them, and soles that bear weight slide"
        )
    for status, what in _REASONS.items():
        if spans := stretch.spans(status):
            run.warn(f"{what} from {figure.clock.told(*spans)}: these frames are kinematic, without forces")
    if stretch.wrench.any():
        used = np.linalg.norm(stretch.wrench[:, :3], axis=1)
        run.warn(f"assist=True pushed the pelvis with {used.mean():.0f} N on average, {used.max():.0f} N at most")


def weights_of(optimizer: str) -> dict[str, str]:
    """The hash of the weights that the windows' optimizer runs with; none are read, and no torch, where it has none."""
    from motionrecon.optimus.facade import SQUARES_WEIGHTS

    name = SQUARES_WEIGHTS if optimizer == "optimus" else WEIGHTS.get(optimizer)
    if not name:
        return {}
    from motionrecon.optimus import weights

    return {name: weights.records()[name]["sha256"]}
