"""The command ``motionrecon export`` and its registry: formats by suffix and by name, options as flags."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from motions import simulated, walking

from motionrecon.cli import main
from motionrecon.cli.flags import flag_type
from motionrecon.core.docstrings import arguments
from motionrecon.errors import InputError
from motionrecon.export import FORMATS, Format, export, format_of
from motionrecon.result.motion import Motion


def write(motion: Motion, path: str | Path, *, colour: str = "red") -> None:
    """A format of one word."""
    Path(path).write_text(colour)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command, which must refuse, and give the line that it prints."""

    def run(*given: str | Path) -> str:
        assert main(["export", *map(str, given)]) == 2
        line = capsys.readouterr().err
        assert line.startswith("motionrecon: ") and line.count("\n") == 1
        return line

    return run


def test_a_format_is_chosen_by_suffix_or_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "red", Format(__name__, (".red", ".rot"), "painters"))
    assert [format_of("a.usdz", "usd"), format_of("", "fbx")] == ["usd", "fbx"]
    assert format_of("a.ROT") == format_of("a.out", "red") == format_of("a.red", "red") == "red"
    for path, name, said in (
        ("a.bvh", "red", r"\.bvh files are bvh; call it \*\.red"),
        ("a.red", "green", "format=green: no such format; use one of bvh"),
        ("a.green", None, r"unknown suffix '\.green'; use one of \.bvh"),
        ("a", "usd", r"cannot export to a with format=usd: call it \*\.usd"),
        ("a.out", "blend", r"cannot export to a\.out with format=blend: call it \*\.blend"),
    ):
        with pytest.raises(InputError, match=said):
            format_of(path, name)
    assert [format_of(name) for name in ("a.mot", "a_forces.mot", "A_Forces.MOT")] == [
        "mot",
        "mot-forces",
        "mot-forces",
    ]
    assert format_of("a_forces.mot", "mot") == "mot" and format_of("a.mot", "mot-forces") == "mot-forces"


def test_an_option_of_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "red", Format(__name__, (".red",), "painters"))
    export(walking(2), tmp_path / "a.red", colour="blue")
    assert (tmp_path / "a.red").read_text() == "blue"
    with pytest.raises(InputError, match=r"colour=\.\.\. is no option of bvh: it is an option of red"):
        export(walking(2), tmp_path / "a.bvh", colour="blue")
    with pytest.raises(InputError, match=r"color=\.\.\. is no option of red: red has colour=\.\.\."):
        export(walking(2), tmp_path / "b.red", color="blue")
    assert not (tmp_path / "a.bvh").exists() and not (tmp_path / "b.red").exists()


def test_without_a_file_it_is_called_after_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    walking(2).save(tmp_path / "walk_motionrecon")
    assert main(["export", "walk_motionrecon", "--format", "bvh"]) == 0
    assert (tmp_path / "walk.bvh").read_bytes().startswith(b"HIERARCHY")
    assert capsys.readouterr().out == "walk.bvh\n"
    assert main(["export", "walk_motionrecon", "--format", "bvh", "--force", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["export", "walk_motionrecon/motion.npz", "--format", "bvh"]) == 2  # is there now


@pytest.mark.parametrize(("name", "beside"), [("a.csv", "a.events.csv"), ("a_forces.mot", "a_forces.loads.xml")])
def test_no_file_beside_is_replaced_unasked(
    tmp_path: Path, told: Callable[..., str], capsys: pytest.CaptureFixture[str], name: str, beside: str
) -> None:
    simulated(8).save(tmp_path / "walk")
    (tmp_path / beside).write_text("mine")
    assert f"{beside} is there already; replace it with --force" in told(tmp_path / "walk", tmp_path / name)
    assert (tmp_path / beside).read_text() == "mine" and not (tmp_path / name).exists()
    assert main(["export", str(tmp_path / "walk"), str(tmp_path / name), "--force"]) == 0
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == FORMATS[format_of(name)].files(tmp_path / name)
    assert {path.name for path in printed} == {path.name for path in tmp_path.iterdir()} - {"walk"}


def test_what_cannot_be_meant_is_one_line(tmp_path: Path, told: Callable[..., str]) -> None:
    assert "say what to write: a file (*.bvh" in told(tmp_path)
    assert "--format abc: no such format; use one of bvh" in told(tmp_path, "--format", "abc")
    assert not list(tmp_path.iterdir())


def test_no_folder_is_made_for_a_slip_of_the_pen(tmp_path: Path, told: Callable[..., str]) -> None:
    walking(2).save(tmp_path / "walk")
    there = tmp_path / "wlak" / "a.bvh"
    assert f"cannot write {there}: there is no folder {there.parent}; make it first" in told(tmp_path / "walk", there)
    for command in (["render", "walk", str(there.with_suffix(".mp4"))], ["view", "walk", "--page", f"{there}.html"]):
        assert main(command) == 2
    assert not there.parent.exists()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_documents_its_options(name: str) -> None:
    """The flags' help comes from there."""
    write, options = FORMATS[name].write, FORMATS[name].options
    documented = arguments(write.__doc__ or "")
    assert documented == FORMATS[name].help and options.keys() <= documented.keys()
    assert all(flag_type(hint) is not None for hint in options.values())
    assert list(inspect.signature(write).parameters) == ["motion", "path", *options]


def test_only_what_is_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list of frames beside a BVH that is the user's own stays, and is none of the export's files."""
    walking(2).save(tmp_path / "walk")
    (tmp_path / "a.unseen.txt").write_text("mine")
    for _ in range(2):
        assert main(["export", str(tmp_path / "walk"), str(tmp_path / "a.bvh"), "--force"]) == 0
        assert capsys.readouterr().out == f"{tmp_path / 'a.bvh'}\n"
    assert (tmp_path / "a.unseen.txt").read_text() == "mine"


@pytest.mark.parametrize("other", [False, True])
def test_a_part_of_a_result_is_never_replaced_alone(tmp_path: Path, told: Callable[..., str], other: bool) -> None:
    """walk.npz is what a body for AMASS is called, and motion.npz stands where somebody who is in the folder looks."""
    motion = walking(2)
    motion.save(tmp_path / "walk")
    motion.save(tmp_path / "other")
    target = tmp_path / ("other" if other else "walk") / "motion.npz"
    before = target.read_bytes()
    (linked := tmp_path / "linked.npz").symlink_to(target)
    for file in (target, linked):
        for flags in ((), ("--force",)):
            said = told(tmp_path / "walk", file, *flags)
            assert f"{file.name} is a part of a result" in said and "--force" not in said
    assert target.read_bytes() == before
    motion.save(tmp_path / "other", force=True)
    (alone := tmp_path / "alone").mkdir()
    (alone / "motion.npz").write_bytes(b"no result")
    assert main(["export", str(tmp_path / "walk"), str(alone / "motion.npz"), "--force"]) == 0


def test_what_a_motion_was_made_from_is_never_replaced(tmp_path: Path, told: Callable[..., str]) -> None:
    """walk.npz is what a body for AMASS is called, and what somebody's keypoints are, and --force is soon written."""
    result = tmp_path / "walk_motionrecon"
    shutil.copytree(Path(__file__).parent / "results" / "0.1.0", result)
    (own := tmp_path / "walk.csv").write_text("mine")
    (linked := tmp_path / "linked.csv").symlink_to(own)
    report = json.loads((result / "report.json").read_text())
    for option, value, what in (
        ("keypoints", [str(own)], "keypoints"),
        ("keypoints", str(own), "keypoints"),
        ("camera", str(own), "calibration"),
        ("body_model", str(own), "body model"),
    ):
        report["options"] = {option: value}
        (result / "report.json").write_text(json.dumps(report))
        for file in (own, linked):
            assert f"{file.name} is the {what} that the motion was made from" in told(result, file, "--force")
    assert own.read_text() == "mine"
    report["options"] = {"keypoints": None, "camera": str(tmp_path / "gone.toml"), "body_model": 3}
    (result / "report.json").write_text(json.dumps(report))
    assert main(["export", str(result), str(own), "--force"]) == 0 and own.read_text() != "mine"
