"""The result folder is refused where it would overwrite, and never looks finished when it is not."""

import errno
from pathlib import Path

import pytest

from motionrecon.errors import OutputError
from motionrecon.result.folder import prepare, publish


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "cache")


def test_a_missing_folder_is_made(tmp_path):
    prepare(tmp_path / "a" / "Ergebnis für Jürgen", force=False)
    assert names(tmp_path / "a" / "Ergebnis für Jürgen") == []


def test_an_interrupted_run_is_resumed(tmp_path):
    (tmp_path / "cache").mkdir()
    prepare(tmp_path, force=False)


@pytest.mark.parametrize(("found", "message"), [("report.json", "finished result"), ("thesis.tex", "other files")])
def test_occupied_folders_need_force(tmp_path, found, message):
    (tmp_path / found).touch()
    with pytest.raises(OutputError, match=message + r".*--force"):
        prepare(tmp_path, force=False)
    prepare(tmp_path, force=True)
    assert names(tmp_path) == [found]


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_file_in_the_way(tmp_path, where):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="choose another folder"):
        prepare(tmp_path / where, force=True)


def test_a_read_only_place():
    # chmod does not bind root, /proc takes new folders from nobody.
    with pytest.raises(OutputError, match=r"cannot write to /proc/result: .*choose another folder with -o"):
        prepare(Path("/proc/result"), force=False)


def test_publish_replaces_an_older_result(tmp_path):
    for content in ("old", "new"):
        with publish(tmp_path) as scratch:
            for name in ("report.json", "motion.npz"):
                (scratch / name).write_text(content)
    assert names(tmp_path) == ["motion.npz", "report.json"]
    assert (tmp_path / "motion.npz").read_text() == (tmp_path / "report.json").read_text() == "new"


def test_the_leavings_of_a_killed_run_do_not_reach_the_result(tmp_path):
    (tmp_path / "cache" / "result").mkdir(parents=True)
    (tmp_path / "cache" / "result" / "overlay.mp4").write_text("half")
    prepare(tmp_path, force=False)
    with publish(tmp_path) as scratch:
        (scratch / "report.json").write_text("new")
    assert names(tmp_path) == ["report.json"] and list((tmp_path / "cache").iterdir()) == []


def test_a_disk_that_fills_up_leaves_the_older_result_whole(tmp_path):
    with publish(tmp_path) as scratch:
        (scratch / "report.json").write_text("old")
    with pytest.raises(OutputError, match="no space left"), publish(tmp_path) as scratch:
        (scratch / "motion.npz").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == ["report.json"]


def test_a_move_that_fails_leaves_a_folder_that_does_not_look_finished(tmp_path, monkeypatch):
    (tmp_path / "report.json").write_text("old")

    def refuse(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OutputError, match="input/output error"), publish(tmp_path) as scratch:
        (scratch / "motion.npz").write_text("new")
        (scratch / "report.json").write_text("new")
    assert names(tmp_path) == []
