"""The result folder is refused where it would overwrite, loses nothing, and never looks finished when it is not."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support import HANGS

from motionrecon.errors import InputError, OutputError
from motionrecon.result.folder import LOCK, MARKER, RESULT, SCRATCH, ResultFolder, read_marker


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name not in ("cache", MARKER))


def contents(folder):
    """Everything in a folder but what says that it is ours."""
    files = (path for path in sorted(folder.rglob("*")) if path.name != MARKER and path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def finish(path, text="new", *, extra=(), **claim):
    """A run that writes ``text`` into every file of its result."""
    with ResultFolder.claim(path, **claim) as folder, folder.publish() as scratch:
        for name in (*RESULT, *extra):
            (scratch / name).write_text(text)


def interrupt(path, **claim):
    """A run that is stopped after it has kept something."""
    with pytest.raises(KeyboardInterrupt), ResultFolder.claim(path, **claim) as folder:
        folder.cache.mkdir(exist_ok=True)
        (folder.cache / "kinematics-0123456789abcdef.npz").write_text("kept")
        raise KeyboardInterrupt


def test_a_missing_folder_is_made(tmp_path):
    path = tmp_path / "a" / "Ergebnis für Jürgen"
    with ResultFolder.claim(path) as folder:
        assert folder.path == path and names(path) == [LOCK]
    assert names(path) == []


def test_an_interrupted_run_is_resumed_and_what_it_read_is_kept(tmp_path):
    interrupt(tmp_path / "d", options={"height": 1.8})
    assert read_marker(tmp_path / "d")["options"] == {"height": 1.8}
    finish(tmp_path / "d", options={"height": 1.9})
    marker = read_marker(tmp_path / "d")
    assert set(marker["files"]) == set(RESULT) and marker["options"] == {"height": 1.9}
    assert (tmp_path / "d" / "cache" / "kinematics-0123456789abcdef.npz").exists()


@pytest.mark.parametrize(("found", "message"), [("report.json", "finished result"), ("thesis.tex", "other files")])
def test_occupied_folders_need_force(tmp_path, found, message):
    (tmp_path / found).write_text("mine")
    with pytest.raises(OutputError, match=message + r".*force=True"):
        ResultFolder.claim(tmp_path)
    assert contents(tmp_path) == {found: b"mine"} and not (tmp_path / MARKER).exists()
    ResultFolder.claim(tmp_path, force=True).release(refused=True)
    assert contents(tmp_path) == {found: b"mine"} and not (tmp_path / MARKER).exists()


def test_a_cache_folder_alone_does_not_make_a_folder_ours(tmp_path):
    for name in ("cache/result/thesis.tex", "cache/kinematics-0123456789abcdef.npz", "cache/keypoints-x.npz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(OutputError, match="other files"):
        ResultFolder.claim(tmp_path)
    assert contents(tmp_path) == before
    finish(tmp_path, force=True)
    assert {name: content for name, content in contents(tmp_path).items() if name in before} == before


@pytest.mark.parametrize(
    "marker", ["", "{}", "[" * 10**5, '{"motionrecon": 1, "files": {}}', '{"files": ["a"]}', "\xff"]
)
def test_a_damaged_marker_does_not_make_a_folder_ours(tmp_path, marker):
    (tmp_path / MARKER).write_text(marker, encoding="latin-1")
    with pytest.raises(OutputError, match="other files"):
        ResultFolder.claim(tmp_path)
    finish(tmp_path, force=True)
    assert read_marker(tmp_path) is not None


def test_files_that_came_since_an_interrupted_run_are_not_replaced(tmp_path):
    interrupt(tmp_path)
    (tmp_path / "overlay.mp4").write_text("mine")
    with pytest.raises(OutputError, match=r"overlay\.mp4 was not written by motionrecon"):
        ResultFolder.claim(tmp_path)
    (tmp_path / "overlay.mp4").unlink()
    with pytest.raises(OutputError, match="was not written"), ResultFolder.claim(tmp_path) as folder:  # noqa: SIM117
        with folder.publish() as scratch:
            (scratch / "overlay.mp4").write_text("new")
            (tmp_path / "overlay.mp4").write_text("mine")
    assert (tmp_path / "overlay.mp4").read_text() == "mine"
    finish(tmp_path, force=True)
    assert (tmp_path / "overlay.mp4").read_text() == "new"


def test_force_replaces_a_result_and_removes_only_what_it_had_alone(tmp_path):
    finish(tmp_path, "old", extra=("a.csv", "b.csv", "c.csv"))
    (tmp_path / "b.csv").write_text("edited")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="finished result"):
        ResultFolder.claim(tmp_path)
    finish(tmp_path, extra=("c.csv",), force=True)
    assert names(tmp_path) == sorted([*RESULT, "b.csv", "c.csv", "notes.txt"])
    assert (tmp_path / "motion.npz").read_text() == (tmp_path / "report.json").read_text() == "new"


def test_a_marker_that_names_other_places_removes_nothing_there(tmp_path):
    (tmp_path / "outside.txt").write_text("mine")
    finish(tmp_path / "d")
    marker = json.loads((tmp_path / "d" / MARKER).read_text())
    digest = next(iter(marker["files"].values()))
    (tmp_path / "outside.txt").write_text("new")  # the very content that the digest is of
    marker["files"]["../outside.txt"] = marker["files"][str(tmp_path / "outside.txt")] = digest
    (tmp_path / "d" / MARKER).write_text(json.dumps(marker))
    finish(tmp_path / "d", force=True)
    assert (tmp_path / "outside.txt").exists()


def test_a_folder_of_an_earlier_version_is_replaced_with_force_only(tmp_path):
    for name in (*RESULT, "cache/kinematics-0123456789abcdef.npz", "thesis.tex"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    with pytest.raises(OutputError, match="finished result"):
        ResultFolder.claim(tmp_path)
    finish(tmp_path, force=True)
    found = contents(tmp_path)
    assert all(found[name] == b"new" for name in RESULT)
    assert found["thesis.tex"] == found["cache/kinematics-0123456789abcdef.npz"] == b"old"


@pytest.mark.parametrize("link", [None, os.symlink, os.link], ids=["itself", "symbolic link", "hard link"])
@pytest.mark.parametrize("name", [*RESULT, MARKER, LOCK])
@pytest.mark.parametrize("called", ["the video", "keypoints=...", "camera=..."])
def test_an_input_is_never_replaced(tmp_path, name, called, link):
    folder, given = tmp_path / "d", tmp_path / "d" / name
    folder.mkdir()
    if link is None:
        given.write_text("mine")
    else:
        (tmp_path / "mine").write_text("mine")
        link(tmp_path / "mine", given)
    aliases = [given] if link is None else [given, tmp_path / "mine"]
    (tmp_path / "e").symlink_to(folder)
    for path in (*aliases, tmp_path / "e" / name):
        for output in (folder, tmp_path / "e"):
            with pytest.raises(OutputError, match="would be replaced by"):
                ResultFolder.claim(output, force=True, inputs={called: path})
    assert contents(tmp_path) | {name: b"mine"} and given.read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == [name]


def test_an_input_that_appears_in_the_way_while_the_run_goes_on(tmp_path):
    (tmp_path / "walk.mp4").write_text("mine")
    inputs = {"the video": tmp_path / "walk.mp4"}
    with (
        pytest.raises(OutputError, match="would be replaced"),
        ResultFolder.claim(tmp_path / "d", force=True, inputs=inputs) as folder,
        folder.publish() as scratch,
    ):
        (scratch / "new.mp4").write_text("new")
        (tmp_path / "d" / "new.mp4").symlink_to(tmp_path / "walk.mp4")


def test_inputs_beside_the_result_are_left_alone(tmp_path):
    (tmp_path / "json").mkdir()
    for name in ("walk.mp4", "camera.toml", "json/walk_000_keypoints.json"):
        (tmp_path / name).write_text("mine")
    inputs = {"the video": tmp_path / "walk.mp4", "keypoints=...": tmp_path / "json"}
    finish(tmp_path, force=True, inputs=inputs)
    assert (tmp_path / "walk.mp4").read_text() == "mine" and len(list((tmp_path / "json").iterdir())) == 1


@pytest.mark.parametrize("by", ["its name", "a way round", "symbolic link", "hard link"])
def test_what_an_older_result_wrote_and_the_run_reads_stays_and_is_the_users_from_then_on(tmp_path, by):
    folder, written = tmp_path / "d", tmp_path / "d" / "cameras.toml"
    finish(folder, "old", extra=("cameras.toml", "other.toml"))
    given = {"its name": written, "a way round": tmp_path / "d" / ".." / "d" / "cameras.toml"}.get(by, tmp_path / "l")
    if by == "symbolic link":
        given.symlink_to(written)
    elif by == "hard link":
        os.link(written, given)
    finish(folder, force=True, inputs={"camera=...": given})
    assert written.read_text() == given.read_text() == "old"
    assert not (folder / "other.toml").exists()
    finish(folder, force=True)
    assert written.read_text() == "old"


def test_an_input_that_only_some_results_replace_is_refused_before_the_work(tmp_path):
    (tmp_path / "cameras.toml").write_text("mine")
    given = {"force": True, "inputs": {"camera=...": tmp_path / "cameras.toml"}}
    with pytest.raises(OutputError, match=r"would be replaced by the result's cameras\.toml"):
        ResultFolder.claim(tmp_path, **given, more=("cameras.toml",))
    finish(tmp_path, **given)
    assert (tmp_path / "cameras.toml").read_text() == "mine"


def test_the_folder_of_the_keypoints_is_no_place_for_a_result(tmp_path):
    (tmp_path / "json").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "json")
    for output in ("json", "link", "json/../json"):
        with pytest.raises(OutputError, match=r"folder of keypoints=\.\.\."):
            ResultFolder.claim(tmp_path / output, force=True, inputs={"keypoints=...": tmp_path / "json"})
    assert list((tmp_path / "json").iterdir()) == []


def test_an_input_among_the_leavings_of_a_killed_run(tmp_path):
    (tmp_path / SCRATCH).mkdir()
    (tmp_path / SCRATCH / "overlay.mp4").write_text("mine")
    with pytest.raises(OutputError, match="in a folder that the result needs"):
        ResultFolder.claim(tmp_path, force=True, inputs={"the video": tmp_path / SCRATCH / "overlay.mp4"})
    assert contents(tmp_path) == {f"{SCRATCH}/overlay.mp4": b"mine"}


@pytest.mark.parametrize("name", ["motion.npz", "overlay.mp4", "report.json"])
def test_a_folder_in_the_place_of_a_file_is_refused_before_any_work(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match="is a folder, and the result needs that name"):
        ResultFolder.claim(tmp_path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_file_in_the_way(tmp_path, where):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="choose another folder"):
        ResultFolder.claim(tmp_path / where, force=True)


def test_a_read_only_place():
    # chmod does not bind root, /proc takes new folders from nobody.
    for path in ("/proc/result", "/proc/self"):
        with pytest.raises(OutputError, match=rf"cannot write to {path}: .*choose another folder with output="):
            ResultFolder.claim(Path(path), force=True)


@pytest.mark.parametrize("keep", [False, True])
def test_a_run_that_is_refused_leaves_nothing_but_what_can_be_resumed(tmp_path, keep):
    path = tmp_path / "a" / "b"
    with pytest.raises(InputError), ResultFolder.claim(path) as folder:
        folder.cache.mkdir()
        if keep:
            (folder.cache / "keypoints-0.npz").write_text("kept")
        raise InputError("nobody is seen")
    assert list(tmp_path.iterdir()) == ([tmp_path / "a"] if keep else [])
    assert not keep or (names(path) == [] and read_marker(path) is not None)


def test_a_refused_run_leaves_an_older_result_as_it_was(tmp_path):
    finish(tmp_path, "old", options={"height": 1.8})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*")}
    with pytest.raises(InputError), ResultFolder.claim(tmp_path, force=True, options={"height": 1.9}):
        raise InputError("nobody is seen")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_the_leavings_of_a_killed_run_do_not_reach_the_result(tmp_path):
    interrupt(tmp_path)
    (tmp_path / SCRATCH).mkdir()
    (tmp_path / SCRATCH / "overlay.mp4").write_text("half")
    for name in (".motionrecon-0123abcd.npz", "cache/.motionrecon-0123abcd.npz", ".motionrecon-0123abcd"):
        (tmp_path / name).write_text("half")
    (tmp_path / LOCK).write_text('{"motionrecon": "walk.mp4", "process": 999999999}')
    finish(tmp_path)
    assert names(tmp_path) == sorted(RESULT) and len(list((tmp_path / "cache").iterdir())) == 1


def test_a_disk_that_fills_up_leaves_the_older_result_whole(tmp_path):
    finish(tmp_path, "old")
    with pytest.raises(OutputError, match="no space left"), ResultFolder.claim(tmp_path, force=True) as folder:  # noqa: SIM117
        with folder.publish() as scratch:
            (scratch / "motion.npz").write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == sorted(RESULT) and (tmp_path / "motion.npz").read_text() == "old"


def test_a_move_that_fails_leaves_a_folder_that_does_not_look_finished_and_can_be_used_again(tmp_path, monkeypatch):
    finish(tmp_path, "old")
    move = os.replace

    def refuse(source, target):
        if Path(target).name == "motion.npz":
            raise OSError(errno.EIO, "Input/output error")
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refuse)
        with pytest.raises(OutputError, match="input/output error"):
            finish(tmp_path, force=True)
    assert "report.json" not in names(tmp_path) and SCRATCH not in names(tmp_path)
    finish(tmp_path, "newer")
    assert set(contents(tmp_path).values()) == {b"newer"}


# Two runs in one folder


def test_a_second_run_in_this_process_is_refused_and_told_who_is_there(tmp_path):
    inputs = {"the video": tmp_path / "walk.mp4"}
    inputs["the video"].touch()
    results = []

    def second():
        try:
            ResultFolder.claim(tmp_path / "d", force=True)
        except OutputError as error:
            results.append(str(error))

    with ResultFolder.claim(tmp_path / "d", inputs=inputs):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(results) == 1 and f"process {os.getpid()} on" in results[0] and "walk.mp4" in results[0]
    assert names(tmp_path / "d") == []
    ResultFolder.claim(tmp_path / "d").release()


HOLD = """
import sys
from motionrecon.result.folder import ResultFolder
folder = ResultFolder.claim(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_run_in_another_process_holds_the_folder_until_it_ends_however_it_ends(tmp_path, end):
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, tmp_path / "d"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=f"in use by another run of motionrecon .process {process.pid} on"):
            ResultFolder.claim(tmp_path / "d", force=True)
        getattr(process, end)()
        process.wait(HANGS)
    finish(tmp_path / "d")
    assert names(tmp_path / "d") == sorted(RESULT)


def test_many_at_once_one_gets_it(tmp_path):
    got, refused, barrier = [], [], threading.Barrier(8)

    def run():
        barrier.wait()
        try:
            got.append(ResultFolder.claim(tmp_path / "d"))
        except OutputError as error:
            refused.append(str(error))

    for _ in range(10):
        got.clear()
        threads = [threading.Thread(target=run) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(got) == 1 and all("in use by another run" in text for text in refused)
        got[0].release()
        shutil.rmtree(tmp_path / "d")


def test_a_file_of_somebody_else_with_the_name_of_the_lock_is_not_written_to(tmp_path):
    (tmp_path / LOCK).write_text("mine")
    with pytest.raises(OutputError, match="in the way"):
        ResultFolder.claim(tmp_path, force=True)
    assert (tmp_path / LOCK).read_text() == "mine"
    (tmp_path / LOCK).unlink()
    (tmp_path / "thesis.tex").write_text("mine")
    (tmp_path / LOCK).symlink_to(tmp_path / "thesis.tex")
    with pytest.raises(OutputError, match="cannot write"):
        ResultFolder.claim(tmp_path, force=True)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_lock_that_nobody_gives_back_goes_with_its_process(tmp_path: Path) -> None:
    """As where Ctrl-C comes between taking a folder and the block that would give it back."""
    code = "import sys; from motionrecon.result.folder import ResultFolder as F; F.claim(sys.argv[1]); 1 / 0"
    subprocess.run([sys.executable, "-P", "-c", code, str(tmp_path / "out")], capture_output=True, check=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {MARKER}
