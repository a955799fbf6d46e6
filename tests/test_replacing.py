"""Whatever writes something of a motion replaces nothing unasked, and never what the motion was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from motions import walking

from motionrecon.errors import OutputError
from motionrecon.export import export
from motionrecon.plots import write_plots
from motionrecon.render import write_overlay
from motionrecon.render.rendering import render
from motionrecon.result.motion import Motion
from motionrecon.viewer import write_page

#: What writes, given a folder, and a file in it that it writes.
WRITERS: dict[str, tuple[Callable[..., object], str]] = {
    "save": (lambda motion, folder, **given: motion.save(folder, **given), "model.xml"),
    "to_bvh": (lambda motion, folder, **given: motion.to_bvh(folder / "a.bvh", **given), "a.bvh"),
    "export": (lambda motion, folder, **given: export(motion, folder / "a.csv", **given), "a.columns.csv"),
    "render": (lambda motion, folder, **given: render(motion, folder / "a.png", view="side", **given), "a.png"),
    "overlay": (lambda motion, folder, **given: write_overlay(motion, None, folder / "a.mp4", **given), "a.mp4"),
    "plots": (
        lambda motion, folder, **given: write_plots(motion, folder, only=["com"], formats=["svg"], **given),
        "com.svg",
    ),
    "page": (lambda motion, folder, **given: write_page(motion, folder / "a.html", **given), "a.html"),
    "page of two": (
        lambda motion, folder, **given: write_page(walking(2), folder / "a.html", motion, **given),
        "a.html",
    ),
}


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> tuple[Callable[..., object], str]:
    return WRITERS[request.param]


@pytest.fixture(scope="module")
def motion() -> Motion:
    return walking(2)


def test_what_is_there_is_replaced_only_when_asked(
    motion: Motion, tmp_path: Path, writer: tuple[Callable[..., object], str]
) -> None:
    write, name = writer
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=rf"{name} is there already; replace it with force=True"):
        write(motion, tmp_path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "mine")]
    write(motion, tmp_path, force=True)
    assert (tmp_path / name).read_bytes() != b"mine"


def test_what_it_was_made_from_is_never_replaced(
    motion: Motion, tmp_path: Path, writer: tuple[Callable[..., object], str]
) -> None:
    write, name = writer
    (own := tmp_path / "keypoints.json").write_text("mine")
    (tmp_path / name).hardlink_to(own)
    made = replace(motion, report={"options": {"keypoints": [str(own)]}})
    with pytest.raises(OutputError, match=rf"{name} is the keypoints that the motion was made from"):
        write(made, tmp_path, force=True)
    assert own.read_text() == "mine" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(("name", "option"), [("hero.blend", "character"), ("smplx.npz", "body_model")])
def test_a_character_or_a_body_that_the_motion_is_given_to_is_never_replaced(
    motion: Motion, tmp_path: Path, name: str, option: str
) -> None:
    (own := tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=rf"{name} is what {option}=\.\.\. reads; choose another name"):
        export(motion, own, force=True, **{option: own})
    assert own.read_text() == "mine"


def test_the_overlay_does_not_replace_what_it_is_drawn_over(motion: Motion, tmp_path: Path) -> None:
    """Whoever names a film there may have a motion whose report knows none."""
    (film := tmp_path / "walk.mp4").write_text("mine")
    with pytest.raises(OutputError, match=r"walk\.mp4 is a video to be drawn over"):
        write_overlay(motion, film, film, force=True)
    assert film.read_text() == "mine"
