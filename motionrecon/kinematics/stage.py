"""The kinematic stage: the person and the trajectory that explain the views, and where cameras and ground are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from motionrecon.body import Body, build
from motionrecon.cameras.place import check_place
from motionrecon.core.arrays import pack, unpack
from motionrecon.core.cache import Checkpoint
from motionrecon.depth import NETWORK, files
from motionrecon.depth.corrected import corrected, looks_upright
from motionrecon.depth.network import DETECTORS
from motionrecon.ground.base import Ground
from motionrecon.ground.plane import Plane
from motionrecon.kinematics.belt import ROUNDS, belt, fitted_to
from motionrecon.kinematics.fit import Fitted, Weights, fitted
from motionrecon.kinematics.gravity import beforehand
from motionrecon.kinematics.start import STARTS
from motionrecon.options import Options
from motionrecon.run import Run
from motionrecon.source import Source
from motionrecon.views import Figure, View

#: How many times as fast as a belt's slowest speed its fastest may be for it to have one.
_STEADY = 1.5


def fit_kinematics(run: Run, source: Source, views: tuple[View, ...], options: Options) -> Figure:
    """The person as the views show them, from the checkpoint of an earlier run if there is one.

    Raises:
        InputError: a calibration has the person far above or below its floor.
    """
    height = _height(source, views, options)
    views = _deepened(run, views, options)
    for recording, view in zip(source.recordings, views, strict=True):
        check_place(view.camera, view.pixels, view.weight, height, recording.name)
    body, ground = _body(run, height, options), Plane()
    depends_on = {f"{i}/{name}": array for i, view in enumerate(views) for name, array in pack(view).items()}
    stands_on = {f"on/{name}": array for name, array in pack(ground).items()} | {"ground": type(ground).__name__}
    weights = Weights(floor_known=options.floor is not None, height_known=options.height_given)
    settings = {"weights": vars(weights), "first_poses": options.first_poses, "treadmill": options.treadmill}
    checkpoint = Checkpoint(run.cache, "kinematics", depends_on | pack(body) | stands_on | settings)
    with run.stage("kinematics", len(views[0])) as advance:
        saved = checkpoint.load(run.progress)
        if saved is not None:
            advance(len(views[0]))
            found = unpack(Fitted, saved)
        else:
            found = fitted(views, body, ground, weights, advance, STARTS[options.first_poses])
    if saved is None:
        found = _on_a_belt(run, found, views, body, ground, weights, options)
        checkpoint.save(pack(found))
    _say_of_the_belt(run, found, options)
    return found.figure(views, body, ground)


def _on_a_belt(
    run: Run,
    standing: Fitted,
    views: tuple[View, ...],
    body: Body,
    ground: Ground,
    weights: Weights,
    options: Options,
) -> Fitted:
    """The trajectory over a treadmill's belt, if the person is on one; else the one that stands."""
    if options.treadmill == "no":
        return standing
    it = belt(standing.figure(views, body, ground), sure=options.treadmill == "yes")
    if it is None:
        return standing
    with run.stage("treadmill", ROUNDS * len(views[0])) as advance:
        return fitted_to(it, standing, views, body, ground, weights, advance, STARTS[options.first_poses])


def _say_of_the_belt(run: Run, found: Fitted, options: Options) -> None:
    """Warn where a treadmill's belt is not as it was taken to be."""
    slowest, fastest = found.belt_speeds
    if options.treadmill == "yes" and not found.belt.any():
        run.warn(
            "treadmill=yes changes nothing: a belt can be told only before cameras that stand, of somebody who is "
            "seen for a second at a stretch"
        )
    if found.belt_guessed:
        run.warn("treadmill=yes: too little of the feet that are down moves alike, so that the belt's speed is a guess")
    if fastest > _STEADY * slowest:
        run.warn(
            f"the treadmill's belt moves at {slowest:.1f} to {fastest:.1f} m/s, and is taken to have one speed "
            "throughout: take a part of the film in which it has (start=..., end=...)"
        )


def _deepened(run: Run, views: tuple[View, ...], options: Options) -> tuple[View, ...]:
    """The views with the depth that was asked for."""
    if options.depth != "corrected":
        return views
    if not any(view.detector in DETECTORS for view in views):
        run.warn("depth=corrected changes nothing: the keypoints do not name a detector whose errors are known")
        return views
    network = files.read(files.SHIPPED.find(NETWORK))
    if all(view.camera.calibrated for view in views):
        up: Float[np.ndarray, " 3"] | None = np.array([0.0, 0.0, 1.0])
    else:
        views = tuple(replace(view, upright=looks_upright(view, network)) for view in views)
        found = beforehand(views)
        up = None if found is None else found.up
    return tuple(corrected(view, network, up) for view in views)


def _body(run: Run, height: float, options: Options) -> Body:
    """The person before anything is seen of them; a stage of its own where building them takes long."""
    with ExitStack() as stage:
        began: list[Callable[[int], None]] = []

        def advance(steps: int) -> None:
            if not began:
                began.append(stage.enter_context(run.stage("body", None)))
            began[0](steps)

        return build(height, options.mass, options.body, options.sex, options.age, advance, options.body_model)


def _height(source: Source, views: tuple[View, ...], options: Options) -> float:
    """The person's height, metres: as given, else as several calibrated cameras show it, else as it is assumed."""
    calibrated = len(views) > 1 and all(view.camera.calibrated for view in views)
    if options.height_given or not calibrated or source.assumed.height is not None:  # cameras would show that again
        return float(options.height)
    from motionrecon.rig.stature import stature

    return stature(views) or float(options.height)
