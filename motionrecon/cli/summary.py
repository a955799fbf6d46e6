"""What ``motionrecon reconstruct`` says at its end: how good the result is, and what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motionrecon.result.motion import Motion
    from motionrecon.result.report import CameraFound, CameraOfSeveral, Person

#: Steps of Optimus that failed, for each Jacobian, above which the summary says so.
NOTABLE_FALLBACKS = 0.1
#: Seconds between the beginnings of two films that the summary tells.
LEAST_OFFSET = 0.0005
#: Share of the frames in which one of several cameras saw the person, below which the summary says so.
SELDOM = 0.8


def summary(motion: Motion, folder: Path, seconds: float) -> str:
    """What is said of a result: how good it is, and what was assumed."""
    from motionrecon.background.motion import REFRAMED, TURNS, ZOOMS
    from motionrecon.result.report import ASSUMED, FOUND

    report = motion.report
    quality, frames, options, camera = report.quality, report.frames, report.options, report.camera
    person = report.person
    assert quality and report.verdict and frames and options and camera  # of a run, and so complete
    skate = quality.skate_percent
    skates = f"feet skate in {skate:.0f} % of frames, " if skate is not None and isfinite(skate) else ""
    line = (
        f"{folder}: {report.verdict}\nreprojection error {quality.reprojection_px:.1f} px "
        f"({quality.reprojection_percent:.1f} % of the person's height), "
        f"{skates}penetration {quality.penetration_mm:.1f} mm, {seconds:.0f} s"
    )
    if report.cameras:
        line += "\n" + of_cameras(report.cameras, frames.total)
    if report.camera_unknown:
        line += (
            "\nthe camera moves in a way that the background does not tell: nothing is simulated, there are no forces"
        )
    elif options["physics"] and frames.simulated < frames.total:
        line += f"\nsimulated in {frames.simulated} of {frames.total} frames only; the others have no forces"
    if camera.motion in (TURNS, ZOOMS):
        zooms = f" and zooms {camera.zoomed:.2f} times" if camera.motion == ZOOMS else ""
        line += f"\nthe camera turns by up to {camera.turned_deg:.0f} degrees{zooms}, as its background shows"
    elif camera.motion == REFRAMED:
        line += (
            "\nthe camera stands, and the film is a moving part of its picture (a virtual pan or zoom, a stabiliser)"
        )
    if report.belt_speed is not None:
        said = "the feet that are down all move at {:.2f} m/s, as on a treadmill"
        if options.get("treadmill") == "yes":
            said = "the treadmill's belt moves at {:.2f} m/s"
        line += f"\n{said.format(report.belt_speed)}: the motion is over its belt, past which the camera is carried"
        line += "" if options.get("treadmill") == "yes" else " (--treadmill no for a floor that stands)"
    chosen = {choice.name: choice for choice in report.chosen or ()}
    if choice := chosen.get("runs") or chosen.get("hurries"):
        line += f"\n{choice.because}, in {choice.frames} of {frames.total} frames: {choice.so}"
    steps = sum(window.evaluations or 0 for window in report.windows or ())
    if (report.fallbacks or 0) > NOTABLE_FALLBACKS * steps:
        failed = "step of Optimus failed and was" if report.fallbacks == 1 else "steps of Optimus failed and were"
        line += f"\n{report.fallbacks} {failed} damped, with {steps} Jacobians; compare --optimizer lm"
    if frames.film_fps is not None:
        kind = "slow motion" if frames.fps > frames.film_fps else "time lapse"
        line += f"\n{kind}: filmed at {frames.fps:g} frames per second, shown at {frames.film_fps:g}"
    if person is not None and report.height_from == FOUND:
        from motionrecon.rig.stature import UNCERTAIN

        line += f"\nthe cameras found a height of {person.height:.2f} m, give or take {UNCERTAIN:.2f}"
        line += "; give it with --height where you know it"
    elif person is not None and report.height_from == ASSUMED:
        line += f"\nthe height was assumed to be {person.height:.2f} m; set it with --height: all lengths scale with it"
    if person is not None:
        line += _of_age(person, mass_given=options["mass"] is not None)
    for text in of_lenses(motion):
        line += f"\n{text}"
    return line


def _of_age(person: Person, mass_given: bool) -> str:
    """That somebody was taken for a child; nothing where their age was given, or tells nothing of such a body."""
    from motionrecon.body.described import ADULT, Described

    years = Described(person.height).likely_age
    tells = person.body == "anny" or (person.body == "capsules" and not mass_given)
    if person.age is not None or years == ADULT or not tells:
        return ""
    old = f"of {years:.0f} years" if years >= 1.5 else "under 2 years"
    return f"\nat {person.height:.2f} m they were taken for a child {old}; --age says otherwise"


def of_lenses(motion: Motion) -> list[str]:
    """Which fields of view were found, and how, and which were assumed."""
    from motionrecon.background.motion import TURNS, ZOOMS
    from motionrecon.cameras.default import DEFAULT_FOV
    from motionrecon.cameras.lens import field_of_view
    from motionrecon.result.report import ASSUMED, FOUND

    report, lines = motion.report, []
    assert report.camera and report.options
    each: Sequence[CameraFound] = report.cameras or (report.camera,)
    found = [i for i, one in enumerate(each) if one.focal_length == FOUND]
    assumed = [i for i, one in enumerate(each) if one.focal_length == ASSUMED]
    along = "degrees along the image's longer side"
    if found:
        turned = report.camera.motion in (TURNS, ZOOMS)
        how = "from how the camera turned" if turned else "from straight lines behind the person"
        fields = [f"{field_of_view(each[i].focal_px, motion.cameras[i].image_size):.0f}" for i in found]
        lines.append(f"{_fields_of(each, found)} found to be {', '.join(fields)} {along}, {how}")
    if assumed and report.options["camera"] is None:
        lines.append(
            f"{_fields_of(each, assumed)} assumed to be {DEFAULT_FOV:.0f} {along}; "
            "set it with --fov, --focal-px or --camera: the distance to the person scales with it"
        )
    return lines


def of_cameras(cameras: Sequence[CameraOfSeveral], total: int) -> str:
    """How several cameras agree with the motion, and when each one's film begins."""
    line = f"{len(cameras)} cameras"
    away = sorted((c for c in cameras if (c.reprojection_px or 0.0) > 0), key=lambda c: c.reprojection_px or 0.0)
    if away:
        ends = " to ".join(f"{c.reprojection_px:.1f} px ({c.name})" for c in (away[0], away[-1]))
        line += f", reprojection error {ends}"
    posed = [(c.rotation_error_deg, c.place_error_m) for c in cameras if c.rotation_error_deg is not None]
    if posed:
        turn, place = max(turn for turn, _ in posed), max(place or 0.0 for _, place in posed)
        line += (
            f"\nwhere they stand was found from the person, to {turn:.1f} degrees and {100 * place:.0f} cm or better "
            "(standard deviations), scaled by the person's height: cameras.toml"
        )
    shifted = [c for c in cameras if abs(c.offset) > LEAST_OFFSET]
    if shifted:
        line += f"\nbeginning of the films: {'; '.join(_begins(c, cameras[0].name) for c in shifted)}"
    seldom = [c for c in cameras if c.tracked < SELDOM * total]
    if seldom:
        line += "\nseldom seen: " + ", ".join(f"{c.name} in {c.tracked} of {total} frames" for c in seldom)
    return line


def _fields_of(cameras: Sequence[CameraFound], those: Sequence[int]) -> str:
    """The fields of view of some of the cameras, which are named where not all of several are meant."""
    if len(cameras) == 1:
        return "the camera's field of view was"
    names = ", ".join(cameras[i]["name"] for i in those)
    if len(those) == 1:
        return f"the field of view of {names} was"
    return "the cameras' fields of view were" if len(those) == len(cameras) else f"the fields of view of {names} were"


def _begins(camera: CameraOfSeveral, leads: str) -> str:
    """When a camera's film begins, and how sure that is."""
    said = f"{camera.name} {abs(camera.offset):.3f} s {'after' if camera.offset > 0 else 'before'} {leads}"
    return f"{said}, give or take {camera.offset_error:.3f}" if camera.offset_error else said
