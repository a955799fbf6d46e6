"""The main job, top to bottom as in the README's picture: a video in, a simulated motion out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from motionrecon.core.progress import Progress, Told, as_progress
from motionrecon.options import ASSUMED_HEIGHT, DEFAULT_BODY, Options
from motionrecon.run import Run
from motionrecon.so_far import SoFar, Watch

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion


def reconstruct(
    video: str | Path | Sequence[str | Path] | None = None,
    *,
    output: str | Path | None = None,
    height: float = ASSUMED_HEIGHT,
    mass: float | None = None,
    sex: str = "neutral",
    age: float | None = None,
    body: str = DEFAULT_BODY,
    body_model: str | Path | None = None,
    camera: str | Path | None = None,
    camera_name: str | Sequence[str] | None = None,
    camera_motion: str = "auto",
    treadmill: str = "auto",
    fov: float | Sequence[float] | None = None,
    focal_px: float | Sequence[float] | None = None,
    start: float | None = None,
    end: float | None = None,
    filmed_fps: float | Sequence[float] | None = None,
    keypoints: str | Path | Sequence[str | Path] | None = None,
    person: str | int | tuple[float, float] | list[str | int | tuple[float, float]] = "largest",
    offset: float | Sequence[float] | None = None,
    floor: float | None = None,
    detector: str = "full",
    mirrored: bool = False,
    hands: bool = True,
    first_poses: str = "learned",
    depth: str = "guessed",
    optimizer: str = "optimus",
    window: float = 0.8,
    overlap: float = 0.4,
    physics: bool = True,
    assist: bool = False,
    force: bool = False,
    seed: int = 0,
    progress: Progress | Told | None = None,
    watch: Watch | None = None,
) -> Motion:
    """Reconstruct the motion of the person in a video, or in the videos of several cameras that filmed it at once.

    With an output folder, writes motion.npz, model.xml, motion.bvh, overlay.mp4 and report.json there, and cameras.toml
    where several cameras were posed from the person. To resume an interrupted run, repeat it.

    Args:
        video: the video file; may be left out where there are keypoints. Several are those of several cameras; the
            first one's frames are then those of the motion. Or a Pose2Sim project's folder (Config.toml, calibration,
            videos or JSON), which stands for all that it says; what is given besides wins.
        output: the folder for the result. Where not given, the command writes to <name of the video>_motionrecon in the
            current folder, and Python writes nothing.
        height: the person's height, metres; where not given, several calibrated cameras find it to some centimetres;
            else it is assumed, and the output says so.
        mass: the person's mass, kilograms; estimated from height and age where not given.
        sex: the person's sex: female, male, or neutral (half way between them); it shapes the body, and says which
            file of SMPL's kin is taken.
        age: the person's age, years; where not given, an adult, or under 1.35 m a child of that height. It shapes the
            body, and tells a child's mass.
        body: how the person is built: anny (a human mesh of that height, mass, sex and age, whose spine bends in three
            places, and whose head, wrists and toes turn); or capsules (with one joint in the trunk; simulated in four
            fifths of the time); or smpl, smplh or smplx, from your own file.
        body_model: of a body smpl, smplh or smplx, its .npz file from the authors, or a folder that it is in.
        camera: a calibration file (Pose2Sim, Caliscope, anipose, Qualisys, OpenCV): intrinsics and, if known, the pose.
            Without one, up is found from how the person stands and from vertical lines in the picture (doors, walls).
        camera_name: which camera of that file; may be left out where it holds only one. Of several videos, each one's
            in their order; may be left out where the videos are called as the cameras are.
        camera_motion: auto (how a single camera pans, tilts, rolls and zooms is found from the background; a
            calibration holds in the first picture used; where it cannot be told, the motion is not simulated), or
            static (the camera is taken to stand still, whatever the background shows).
        treadmill: auto (before a camera that stands, somebody who walks or runs on the spot while the feet that are
            down all move alike is on a treadmill; the motion is then that over its belt, which has one speed), yes
            (there is a belt, whatever the feet say), or no (there is none).
        fov: the camera's field of view along the longer side of the image, degrees; one for all cameras, or each one's.
        focal_px: the camera's focal length, pixels, instead of a field of view; one for all cameras, or each one's.
        start: first second of the video to use, as a player shows it; the beginning where not given.
        end: last second of the video to use, as a player shows it; the end where not given.
        filmed_fps: frames per second at which a slow-motion video was filmed, where the file plays them slower (240 for
            a phone's clip that plays at 30): time, balance and forces are then those of the person, while overlay and
            viewer show the film. Also the rate of other tools' keypoints without a video. One for all cameras, or each
            one's: 240 and 60 for a phone's slow motion beside an ordinary film.
        keypoints: keypoints to use instead of a detector: a file of motionrecon, or what OpenPose, Pose2Sim, Sports2D,
            RTMPose, AlphaPose or MMPose wrote. Of several cameras, each one's.
        person: whom to follow: largest (the largest that stays longest), a number (of a list with the same start and
            end), or x,y in pixels of the film on them in the first picture in which they are seen. With several
            cameras, one number is the same person in all of them, as the command's --list-people shows them, and a
            point is one of the first; or each camera's own choice.
        offset: of several cameras, seconds by which each one's film, from the second on, begins after the first one's,
            as a player shows that; found from the person's movement where not given.
        floor: height of the floor in the world of a calibration, metres. Where not given, it is near 0, or where
            several cameras see the feet rest at another height.
        detector: the keypoint detector: full (fast), or heavy (slower, fewer left/right flips; fetched once, 31 MB).
        mirrored: let the detector look at each picture mirrored, too, and take the mean of both looks, for nearly twice
            the time of detection: its own 3D is better then, and no longer lopsided (heavy's is); the motion of
            rendered people comes out a little nearer, that of real ones so far does not.
        hands: look for the person's hands, and let wrists and fingers follow what is seen of them: tracked, not
            simulated, on top of the body, whose motion they do not change.
        first_poses: where the kinematic fit begins: learned (typical poses that look like what was seen), or relaxed
            (one relaxed person, turned), for comparison.
        depth: what is taken for the person's depth: guessed (the detector's own 3D as it is), or corrected (less the
            errors that it makes on rendered people, which were learned; then how people look tells which way is up,
            too; it helps on some clips and harms on others).
        optimizer: the optimizer of the physics: optimus (Gauss-Newton), optimus-paper (learned; it gets less far), lm,
            lbfgs, bfgs, adam, gd or momentum.
        window: length of a physics window, seconds; the body loses its balance more easily in shorter ones.
        overlap: how much of a window the next one repeats, seconds.
        physics: simulate the motion; without it, the result is the kinematic motion, for comparison.
        assist: allow a residual force on the pelvis, at a price; the report says how much of it each window used.
        force: write into a folder that already holds a result, replacing it.
        seed: seed of everything random; the same seed and input give the same result.
        progress: told how far each stage has come: a function of the stage's name, the units done and their total (None
            if it is not known), or an object as `motionrecon.core.progress.Progress`. Without it there is silence;
            warnings go to the logger ``motionrecon``.
        watch: shown what is found: a function of a `motionrecon.so_far.SoFar`, which is called after every stage and
            window, and holds the run up until it returns; `motionrecon.result.preview.preview` makes a motion of one.

    Returns:
        The motion; its ``report`` says how good it is.

    Raises:
        InputError: something that was given cannot be used.
        OutputError: the result cannot be written.
        ModelError: the detector's model cannot be had.
    """
    given = locals()
    from motionrecon.projects import opened

    given, remarks = opened(given)  # a project's folder stands for its videos and more
    options = Options.of(given)
    from motionrecon.core.blas import one_thread
    from motionrecon.kinematics.stage import fit_kinematics
    from motionrecon.observe.stage import observe
    from motionrecon.physics.windows.stage import simulate
    from motionrecon.publish import claim, publish
    from motionrecon.result.assemble import assemble
    from motionrecon.source import look

    run = Run(as_progress(progress))
    for remark in remarks:
        run.warn(remark)
    source = look(run, given["video"], options)  # what cannot work fails before any work
    show = watch or (lambda so_far: None)
    with claim(run, output, source, options) as folder:
        show(so_far := SoFar(source, options))
        views, seen_hands = observe(run, source, options)
        show(so_far := replace(so_far, views=views))
        with one_thread():
            figure = fit_kinematics(run, source, views, options)
            show(so_far := replace(so_far, figure=figure))
            stretch = simulate(run, figure, options, lambda done: show(replace(so_far, stretch=done)))
            motion = assemble(run, source, options, figure, stretch, seen_hands)
        show(replace(so_far, stretch=stretch, motion=motion))
        publish(run, folder, source, options, motion)
    return motion
