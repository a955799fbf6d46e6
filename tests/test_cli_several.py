"""What the command says of several cameras."""

from __future__ import annotations

import math

import pytest

from motionrecon.cli.summary import of_cameras
from motionrecon.result.report import CameraOfSeveral

FOUND = {"pose": "calibrated", "focal_length": "given", "focal_px": 600.0, "pitch_deg": 0.0}


def camera(
    name: str, away: float | None, offset: float = 0.0, error: float = 0.0, tracked: int = 50
) -> CameraOfSeveral:
    return CameraOfSeveral.of(
        {**FOUND, "name": name, "video": None, "sha256": None, "tracked": tracked,
         "offset": offset, "offset_error": error,
         "reprojection_px": away, "reprojection_percent": None if away is None else away / 10}
    )  # fmt: skip


def test_cameras_that_agree_take_one_line() -> None:
    said = of_cameras((camera("left", 9.0), camera("right", 7.25), camera("top", 8.0)), 50)
    assert said == "3 cameras, reprojection error 7.2 px (right) to 9.0 px (left)"


def test_the_range_is_that_of_the_pixels_that_it_shows() -> None:
    far, near = (CameraOfSeveral.of({**camera("", px), "name": name, "reprojection_percent": percent})
                 for name, px, percent in (("far", 20.0, 1.0), ("near", 10.0, 3.0)))  # fmt: skip
    assert of_cameras((near, far), 50).endswith("10.0 px (near) to 20.0 px (far)")


def test_offsets_and_views_that_seldom_see_the_person_are_told() -> None:
    said = of_cameras((camera("a", 9.0), camera("b", 7.0, 0.4801, 0.0068), camera("c", 8.0, -1.2, tracked=12)), 50)
    assert said.splitlines()[1:] == [
        "beginning of the films: b 0.480 s after a, give or take 0.007; c 1.200 s before a",
        "seldom seen: c in 12 of 50 frames",
    ]


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_camera_that_saw_nothing_has_no_error(nothing: float | None) -> None:
    assert of_cameras((camera("a", 9.0), camera("b", nothing)), 50).endswith("9.0 px (a) to 9.0 px (a)")
    assert of_cameras((camera("a", nothing), camera("b", nothing)), 50) == "2 cameras"
