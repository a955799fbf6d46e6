"""A result's files are tied to each other: a changed one is told; those of earlier versions have no ties."""

import contextlib
import json
import os
import re
import shutil

import numpy as np
import pytest
from motions import simulated

from motionrecon.core.files import sha256
from motionrecon.errors import InputError
from motionrecon.result import ties
from motionrecon.result.folder import ResultFolder
from motionrecon.result.motion import Motion


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "walk"
    simulated().save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "walk")


def test_an_unchanged_result_loads_without_a_word(folder, caplog):
    report = json.loads((folder / "report.json").read_text())
    assert report["files"] == {name: sha256(folder / name) for name in ("motion.npz", "model.xml")}
    motion = Motion.load(folder)
    assert not caplog.messages and "files" not in motion.report and "sha256" not in motion.report
    motion.save(folder, force=True)
    Motion.load(folder)
    assert not caplog.messages, "saved again, it is tied again"


def test_a_changed_model_is_told(folder, caplog):
    path = folder / "model.xml"
    path.write_text(re.sub(r'kp="(\d)', r'kp="1\1', path.read_text()))
    Motion.load(folder)
    assert len(caplog.messages) == 1 and re.search(r"model\.xml was changed .* no longer replay", caplog.messages[0])


def test_changed_arrays_are_told(folder, caplog):
    with np.load(folder / "motion.npz") as archive:
        arrays = dict(archive)
    arrays["ctrl"] = arrays["ctrl"] * 1.1
    np.savez(folder / "motion.npz", **arrays)
    Motion.load(folder)
    assert len(caplog.messages) == 1 and "motion.npz was changed" in caplog.messages[0]


@pytest.mark.parametrize(
    "change", [("höher", "tiefer"), ('"files"', '"filed"'), ('"sha256"', '"sha257"'), ("\n", "\n\n")]
)
def test_a_changed_report_is_told(folder, caplog, change):
    path = folder / "report.json"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    Motion.load(folder)
    assert len(caplog.messages) == 1 and "report.json was changed" in caplog.messages[0]


def test_a_report_without_hashes_is_of_an_earlier_version_and_no_warning(folder, caplog):
    path = folder / "report.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    del report["files"], report["sha256"]
    path.write_text(json.dumps(report))
    (folder / "model.xml").write_text((folder / "model.xml").read_text() + "\n")
    Motion.load(folder)
    assert not caplog.messages


def test_another_report_in_the_place_of_the_one_that_was_written_is_told(saved, tmp_path, caplog):
    with ResultFolder.claim(tmp_path / "d") as claimed, claimed.publish() as scratch:
        for name in ("motion.npz", "model.xml", "report.json"):
            shutil.copy(saved / name, scratch)
    Motion.load(tmp_path / "d")
    assert not caplog.messages
    (tmp_path / "d" / "report.json").write_text('{"warnings": []}')
    Motion.load(tmp_path / "d")
    assert len(caplog.messages) == 1 and "report.json was changed" in caplog.messages[0]


def test_every_flipped_bit_of_a_small_report_is_told(tmp_path):
    (tmp_path / "model.xml").write_text("<mujoco/>")
    text = ties.tied({"seconds": 1.5, "name": "ä"}, tmp_path, ["model.xml"])
    assert ties.untied(text, tmp_path, ["model.xml"]) == ({"seconds": 1.5, "name": "ä"}, [])
    whole = text.encode()
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(ValueError):  # no longer JSON
            assert ties.untied(damaged.decode(), tmp_path, ["model.xml"])[1], damaged


@pytest.mark.parametrize("files", [3, None, [], {}, {"model.xml": 7}, {"../secret": "0"}, {"model.xml": ["a"]}])
def test_hashes_of_other_types(tmp_path, files):
    (tmp_path / "model.xml").write_text("<mujoco/>")
    report, warnings = ties.untied(json.dumps({"files": files, "seconds": 1}), tmp_path, ["model.xml"])
    assert report == {"seconds": 1} and warnings


def test_a_path_that_is_not_utf_8_is_kept(tmp_path):
    name = os.fsdecode(b"walk\xe4.mp4")
    text = ties.tied({"video": name}, tmp_path, [])
    text.encode("utf-8")
    assert ties.untied(text, tmp_path, []) == ({"video": name}, [])


@pytest.mark.parametrize("name", ["motion.npz", "model.xml", "report.json"])
def test_pipes_devices_and_giants_in_a_result(folder, name):
    path = folder / name

    def giant():
        path.touch()
        os.truncate(path, 1 << 33)

    for make in (lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), lambda: path.mkdir(), giant):
        path.rmdir() if path.is_dir() else path.unlink()
        make()
        with pytest.raises(InputError, match=re.escape(name)):
            Motion.load(folder)


def test_a_model_that_names_other_files_is_refused(folder):
    path = folder / "model.xml"
    (folder / "other.xml").write_text("<mujoco><worldbody/></mujoco>")
    path.write_text(path.read_text().replace("<worldbody>", '<include file="other.xml"/><worldbody>', 1))
    with pytest.raises(InputError, match="<include>"):
        Motion.load(folder)
