"""Many clips: which they are, what they are called, that each fails alone, and what the table says of them."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clips import demo_images, write_clip
from hypothesis import given
from hypothesis import strategies as st
from support import HANGS, require, wait_until

from motionrecon import cli
from motionrecon.batch import run as batch
from motionrecon.batch.clip import Answer, Job, run_clip
from motionrecon.batch.executor import Lost
from motionrecon.batch.found import Clip, clips_of
from motionrecon.batch.names import named
from motionrecon.batch.on_ray import OnRay
from motionrecon.batch.processes import Processes
from motionrecon.batch.row import Outcome, Row
from motionrecon.batch.spoken import summary
from motionrecon.batch.table import as_csv, as_page, write_table
from motionrecon.core.cores import most_threads, usable_cores
from motionrecon.core.files import read_json
from motionrecon.core.lock import Lock
from motionrecon.errors import InputError, OutputError
from motionrecon.result.folder import MARKER, ResultFolder
from motionrecon.result.report import Report


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"film of " + name.encode())
    return folder


FRAMES = {"total": 40, "tracked": 40, "simulated": 20, "fps": 30.0}

# Which clips there are.


def test_a_folder_is_read_in_order_and_what_is_no_film_is_counted(tmp_path: Path) -> None:
    touch(tmp_path, "b.mp4", "a.MOV", "notes.txt", ".hidden.mp4", "deep/er/c.webm", "deep/x.csv", ".git/d.mp4")
    touch(tmp_path, f"old_motionrecon/{MARKER}", "old_motionrecon/overlay.mp4")
    touch(tmp_path, "old_batch/.motionrecon-batch.json", "old_batch/a/overlay.mp4")
    touch(tmp_path, "session/Config.toml", "session/videos/cam1.mp4", "session/videos/cam2.mp4")
    touch(tmp_path, "many/Config.toml", "many/trial_1/Config.toml", "many/trial_2/Config.toml")
    found = clips_of(tmp_path)
    films = [clip.video[0].relative_to(tmp_path).as_posix() for clip in found.clips]
    assert films == ["a.MOV", "b.mp4", "deep/er/c.webm", "many/trial_1", "many/trial_2", "session"]
    assert found.left_out == 4  # notes.txt, .hidden.mp4, x.csv and the Config.toml above trials


def test_a_list_has_a_path_on_each_line(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# films\n\na b.mp4\n  sub/c.mov  \n/abs/d.mp4\n", encoding="utf-8-sig")
    found = clips_of(tmp_path / "list.txt")
    assert [clip.video for clip in found.clips] == [
        (tmp_path / "a b.mp4",),
        (tmp_path / "sub/c.mov",),
        (Path("/abs/d.mp4"),),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_gives_each_clip_its_own_options(tmp_path: Path, separator: str) -> None:
    lines = [
        ["Video", "height", "--filmed-fps", "physics", "camera", "fov", "person", "name", "seed"],
        ["a.mp4", "1.8", "240", "no", "Calib.toml", "", "2", "first one", "3"],
        ["l.mp4|r.mp4", "", "240 | 60", "", "", "60|70", "1|2", "", ""],
    ]
    (tmp_path / "list.csv").write_text("\n".join(separator.join(line) for line in lines))
    first, second = clips_of(tmp_path / "list.csv").clips
    assert first == Clip(
        (tmp_path / "a.mp4",),
        {
            "height": 1.8,
            "filmed_fps": 240.0,
            "physics": False,
            "camera": tmp_path / "Calib.toml",
            "person": "2",
            "seed": 3,
        },
        "first one",
    )
    assert second.video == (tmp_path / "l.mp4", tmp_path / "r.mp4")
    assert second.given == {"filmed_fps": [240.0, 60.0], "fov": [60.0, 70.0], "person": ["1", "2"]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list.txt", "\n# nothing\n", "lists no videos"),
        ("list.csv", "film,height\na.mp4,1.8\n", "no column 'video' in its first line.*film, height"),
        (
            "list.csv",
            "video,hight\na.mp4,1.8\n",
            r"list\.csv, line 1, column hight: there is no such option; did you mean height\?",
        ),
        (
            "list.csv",
            "video,force\na.mp4,1\n",
            "line 1, column force: there is no such option; leave it out, .* height",
        ),
        ("list.csv", "video,height\na.mp4,tall\n", "line 2, column height: 'tall' cannot be used; give a number"),
        ("list.csv", "video;height\na.mp4;1,80\n", "height: '1,80' cannot be used; write 1.80, with a point"),
        ("list.csv", "video,physics\na.mp4,maybe\n", "line 2, column physics: 'maybe' cannot be used; write yes or no"),
        ("list.csv", "video,height\n,1.8\n", "line 2, column video: the cell is empty"),
        ("list.csv", "video,height\na.mp4,1,8\n", "line 2 has more cells"),
        ("list.csv", "video,height,height\na.mp4,1,2\n", "two columns 'height'"),
        ("list.csv", "video\na.mp4|\n", r"line 2, column video: 'a\.mp4\|': write a path on both sides"),
        ("list.csv", "", "no column 'video'"),
        ("list.txt", "a.mp4\n~nobody.here/b.mp4\n", "line 2: there is no home folder for '~nobody.here/b.mp4'"),
        ("walk.mp4", "x", "one video, not a folder or a list; run reconstruct"),
    ],
)
def test_a_list_that_cannot_be_used_says_where(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        clips_of(tmp_path / name)


@pytest.mark.parametrize("name", ["a" * 70_000, "a\0b", "caf\udcff.mp4"])
def test_what_no_file_can_be_called_is_that_clips_failure(tmp_path: Path, name: str) -> None:
    clip = Clip((tmp_path / name,))
    (name,) = named([clip], tmp_path, {}).values()
    row = run_clip(Job(name, clip.video, tmp_path / name, {})).row
    assert row.outcome is Outcome.FAILED and "no such file or folder" in row.message
    write_table([row], tmp_path)


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no videos"):
        clips_of(touch(tmp_path, "notes.txt"))
    with pytest.raises(InputError, match=r"cannot read .*missing"):
        clips_of(tmp_path / "missing")


# What their folders are called.


def names_of(*films: str, before: dict[str, str] | None = None, base: str = "/films") -> list[str]:
    return list(named([Clip((Path(film),)) for film in films], Path(base), before or {}).values())


def test_no_two_folders_have_one_name() -> None:
    assert names_of("/films/walk.mp4", "/films/b/walk.mp4", "/films/WALK.mov", "/films/b/walk.mp4") == [
        "walk",
        "b_walk",
        "films_WALK",
        "walk_2",
    ]
    odd = names_of("/films/..mp4", "/films/con.mp4", "/films/a: b?/ü <b>.mp4", "/films/" + 300 * "x" + ".mp4")
    assert odd == ["clip", "con_", "ü_b", 60 * "x"]


def test_a_name_stays_when_others_come() -> None:
    first = named([Clip((Path("/films/b/walk.mp4"),))], Path("/films"), {})
    again = named([Clip((Path(f"/moved/{n}/walk.mp4"),)) for n in "ab"], Path("/moved"), first)
    assert first == {"b/walk.mp4": "walk"} and again == {"a/walk.mp4": "a_walk", "b/walk.mp4": "walk"}


@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=8), min_size=1, max_size=12))
def test_names_never_collide_nor_lead_elsewhere(stems: list[str]) -> None:
    names = names_of(*(f"/films/{stem}.mp4" for stem in stems))
    assert len({name.casefold() for name in names}) == len(stems)
    assert all(name == Path(name).name and name.strip("._-") for name in names)


# Workers.


def answers(executor: Any, tasks: Sequence[int]) -> tuple[dict[int, Any], dict[int, str]]:
    """What workers answer who double numbers and die of 3, and whom they lost."""

    def double(number: int) -> tuple[int, int, int]:  # in here, so that it is pickled whole: Ray does not know the file
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * number, usable_cores(), most_threads()

    ends = [end for end in executor.run(double, tasks) if end is not None]
    lost = {end.task: end.why for end in ends if isinstance(end, Lost)}
    return dict(end for end in ends if not isinstance(end, Lost)), lost


def test_a_worker_that_is_killed_loses_its_own_task_only() -> None:
    done, lost = answers(Processes(2), range(6))
    assert done == {number: (2 * number, 1, 1) for number in (0, 1, 2, 4, 5)}
    assert list(lost) == [3] and "was killed" in lost[3]


def test_two_workers_of_ray_do_the_same() -> None:
    require(find_spec("ray"), "Ray")
    done, lost = answers(OnRay(2), range(5))
    assert done == {number: (2 * number, 1, 1) for number in (0, 1, 2, 4)}
    assert list(lost) == [3] and "was lost" in lost[3]


def test_ray_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"ray=True needs Ray.*pip install 'motionrecon\[ray\]'"):
        list(OnRay(2).run(abs, [1]))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_a_kill_leave_no_worker(number: int) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import time; from motionrecon.batch.processes import Processes\n"
        "for end in Processes(2).run(time.sleep, [9999, 9999]): print(end, flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    process.stdout.readline()
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(number)
    process.wait(HANGS)
    process.stdout.close()
    assert wait_until(lambda: not any(map(is_alive, workers))), f"after {number!r} workers go on"


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (map(int, line.split()) for line in found.splitlines())
    return [child for child, parent in pairs if parent == pid]


def is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


# A batch, whose workers are this process and whose reconstructions are made up.


class Here:
    """An executor without processes."""

    workers = 1

    def run(self, work: Callable[[Job], Answer], tasks: Sequence[Job]) -> Iterator[Any]:
        for task in tasks:
            yield None
            yield Lost(task, "its process was killed") if "lost" in task.name else (task, work(task))


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the films that were reconstructed, in their order."""
    calls: list[str] = []

    def reconstruct(video: Path, *, output: Path, progress: Any, **given: Any) -> Any:
        from support import options

        asked = options(**given).to_dict()
        calls.append(video.name)
        with ResultFolder.claim(output, force=given["force"], inputs={"video": video}, options=asked) as folder:
            if "bad" in video.name:
                raise InputError(f"{video} is not a video")
            if "bug" in video.name:
                raise ZeroDivisionError("by nought")
            source = {"video": str(video), "sha256": None, "start": None, "end": None}
            windows = [{"first_frame": 0, "last_frame": 20, "status": status} for status in ("ok", "failed")]
            report = {"frames": FRAMES, "source": source, "windows": windows, "seconds": {"a": 1.5, "b": 2}}
            with folder.publish() as scratch:
                (scratch / "motion.npz").write_bytes(b"")
                (scratch / "report.json").write_text(json.dumps(report | {"warnings": ["odd", "odder"]}))
        return SimpleNamespace(report=Report.of(read_json(output / "report.json")))

    monkeypatch.setattr("motionrecon.pipeline.reconstruct", reconstruct)
    monkeypatch.setattr(batch, "_executor", lambda jobs, ray: Here())
    monkeypatch.setattr("motionrecon.batch.clip.defaults", defaults)
    monkeypatch.setattr(batch, "defaults", defaults)
    monkeypatch.setattr("motionrecon.batch.checks.defaults", defaults)
    return calls


def defaults() -> dict[str, Any]:
    import inspect

    from support import reconstruct

    return {name: parameter.default for name, parameter in inspect.signature(reconstruct).parameters.items()}


def outcomes(rows: Sequence[Row]) -> dict[str, str]:
    return {row.clip: str(row.outcome) for row in rows}


def test_one_failure_stops_no_other_and_a_second_batch_does_only_what_is_left(
    tmp_path: Path, pipeline: list[str]
) -> None:
    films, out = touch(tmp_path / "films", "a.mp4", "bad.mp4", "bug.mp4", "lost.mp4", "z.mp4"), tmp_path / "out"
    rows = batch.run_batch(films, out)
    assert outcomes(rows) == {"a": "done", "bad": "failed", "bug": "failed", "lost": "failed", "z": "done"}
    told = {row.clip: row.message for row in rows}
    assert "is not a video" in told["bad"] and told["lost"] == "its process was killed" and told["a"] is None
    assert "a fault of motionrecon (ZeroDivisionError: by nought)" in told["bug"]
    assert "by nought" in (out / "bug.traceback.txt").read_text()
    done = rows[0]
    assert (done.frames, done.tracked_percent, done.simulated_percent, done.seconds) == (40, 100, 50, 3.5)
    assert (done.windows, done.followed, done.warnings, done.warning_texts) == (2, 1, 2, "odd | odder")
    pipeline.clear()
    standings: list[batch.Standing] = []
    assert outcomes(batch.run_batch(films, out, told=standings.append)) == outcomes(rows)
    assert pipeline == ["bad.mp4", "bug.mp4"]
    assert [s.before for s in standings if s.row is not None] == [True, False, False, False, True]
    assert standings[-1].ended == standings[-1].total == 5


def test_an_end_of_all_clips_beyond_one_is_its_own_end(
    tmp_path: Path, pipeline: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    picture = np.full((64, 96, 3), 90, np.uint8)
    for name, frames in (("long", 60), ("short", 20)):  # 2 s and 0.67 s
        write_clip(films / f"{name}.mp4", [picture] * frames, 30)
    asked: dict[str, Any] = {}
    inner = sys.modules["motionrecon.pipeline"].reconstruct

    def reconstruct(video: Path, **given: Any) -> Any:
        asked[video.name] = given.get("end")
        return inner(video, **given)

    monkeypatch.setattr("motionrecon.pipeline.reconstruct", reconstruct)
    out = tmp_path / "out"
    assert set(outcomes(batch.run_batch(films, out, end=1.5)).values()) == {"done"}
    assert asked == {"long.mp4": 1.5, "short.mp4": None}
    asked.clear()
    again = batch.run_batch(films, out, end=1.5)
    assert set(outcomes(again).values()) == {"done"} and not asked, "what is finished is known again"
    table = tmp_path / "films.csv"
    table.write_text("video,end\nfilms/short.mp4,0.5\nfilms/long.mp4,\n")
    batch.run_batch(table, tmp_path / "other", end=1.0)
    assert asked == {"short.mp4": 0.5, "long.mp4": 1.0}, "one that a clip was given itself stays"
    asked.clear()
    table.write_text("video,start,end\nfilms/long.mp4,0.2,\nfilms/short.mp4,,1.5\n")
    with pytest.raises(
        InputError, match=r"films\.csv, line 3, column end: 1\.5 lies outside short\.mp4, which lasts 0\.67 s"
    ):
        batch.run_batch(table, tmp_path / "other", end=60.0)
    assert not asked


LISTS = {
    "a height in centimetres": (
        "video,height\na.mp4,1.8\nb.mp4,180\n",
        r"list\.csv, line 3, column height: 180 is out of range: it must be .* m; did you mean 1\.8\? \(nothing was",
    ),
    "several": (
        "video,age\na.mp4,1\nb.mp4,30\nb.mp4,200\nb.mp4,300\n",
        "line 2, column age: 1 is .*; nor can lines 4, 5 be",
    ),
    "two": ("video,age\na.mp4,1\nb.mp4,200\n", "line 2, column age: 1 is .*; nor can line 3 be"),
    "a film that is not there": (
        "video,height\na.mp4,1.8\ngone.mp4,1.8\n",
        r"line 3: there is no video .*gone\.mp4; relative paths begin at the folder of the list",
    ),
    "a camera that is not there": ("video,camera\na.mp4,x.toml\n", r"line 2, column camera: .*x\.toml: no such file"),
    "a word that is none": ("video,detector\na.mp4,best\n", "line 2, column detector: best is unknown; choose one of"),
    "times that are exchanged": ("video,start,end\na.mp4,3,2\n", "line 2, column end: 2 must come after"),
    "values of too many cameras": (
        "video,fov\na.mp4|b.mp4,60|70|80\n",
        "line 2, column fov: was given 3 times for 2 cameras",
    ),
    "what does not go with what all have": (
        "video,body\na.mp4,capsules\n",
        "line 2: sex=female changes nothing of a body of capsules",
    ),
}


@pytest.mark.parametrize(("text", "said"), LISTS.values(), ids=LISTS)
def test_what_a_list_has_wrong_is_said_before_its_first_clip(
    tmp_path: Path, pipeline: list[str], text: str, said: str
) -> None:
    touch(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        batch.run_batch(tmp_path / "list.csv", tmp_path / "out", sex="female")
    assert not pipeline and not (tmp_path / "out").exists()


def test_a_film_of_a_list_that_cannot_be_read_is_its_own_failure(tmp_path: Path, pipeline: list[str]) -> None:
    touch(tmp_path, "a.mp4", "bad.mp4")
    (tmp_path / "list.csv").write_text("video,start\nbad.mp4,1\na.mp4,\n")
    assert outcomes(batch.run_batch(tmp_path / "list.csv", tmp_path / "out")) == {"bad": "failed", "a": "done"}


def test_a_result_of_other_options_is_replaced_by_force_only(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4"), tmp_path / "out"
    batch.run_batch(films, out, height=1.8)
    (row,) = batch.run_batch(films, out, height=1.9)
    assert row.outcome is Outcome.FAILED and "holds a result made with height=1.8, not 1.9" in row.message
    (row,) = batch.run_batch(films, out, height=1.9, force=True)
    assert row.outcome is Outcome.DONE and pipeline == ["a.mp4", "a.mp4"]
    (out / "a" / "motion.npz").unlink()
    (row,) = batch.run_batch(films, out, height=1.9)
    assert row.outcome is Outcome.FAILED and "motion.npz is gone; remove" in row.message
    (row,) = batch.run_batch(films, out, height=1.9, force=True)
    assert row.outcome is Outcome.DONE and pipeline == ["a.mp4"] * 3
    (out / "a" / "report.json").write_text("{")
    (row,) = batch.run_batch(films, out, height=1.9)
    assert row.outcome is Outcome.FAILED and "is damaged" in row.message


def test_a_height_that_nobody_gave_is_none(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4"), tmp_path / "out"
    batch.run_batch(films, out)
    (row,) = batch.run_batch(films, out, height=1.7)
    assert row.outcome is Outcome.FAILED and "holds a result made without height=1.7;" in row.message
    marker = out / "a" / MARKER
    content = json.loads(marker.read_text())
    assert content["options"]["height"] is None
    content["options"] |= {"height": 1.7, "height_given": False}  # as older versions said it
    marker.write_text(json.dumps(content))
    (row,) = batch.run_batch(films, out)
    assert row.outcome is Outcome.DONE and pipeline == ["a.mp4"]


def test_the_table_is_whole_at_any_time(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4", "b.mp4"), tmp_path / "out"
    seen: list[list[str]] = []

    def look(standing: batch.Standing) -> None:
        with open(out / "table.csv", newline="", encoding="utf-8") as file:
            seen.append([line["outcome"] for line in csv.DictReader(file)])

    batch.run_batch(films, out, told=look)
    assert seen[0] == ["waiting", "waiting"] and ["done", "waiting"] in seen and seen[-1] == ["done", "done"]
    assert 'href="a/report.json"' in (out / "table.html").read_text()


def test_a_folder_is_one_batchs(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4"), tmp_path / "out"
    with pytest.raises(OutputError, match="holds one result, not a batch"):
        batch.run_batch(films, touch(tmp_path / "result", "report.json"))
    with pytest.raises(OutputError, match="is no batch's table"):
        batch.run_batch(films, touch(tmp_path / "other", "table.csv"))
    out.mkdir()
    lock = Lock(out / ".motionrecon-batch.lock")
    lock.take("a batch")
    with pytest.raises(OutputError, match="in use by another run"):
        batch.run_batch(films, out)
    lock.release()
    with pytest.raises(InputError, match="height=5 is out of range"):
        batch.run_batch(films, out, height=5)
    assert not pipeline


def test_names_from_a_file_cannot_lead_out_of_the_folder(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4"), touch(tmp_path / "out", "x/y")
    for name in ("../evil", "..", ".", "", "a\0b", "\ud800", ".motionrecon-batch.json"):
        (out / ".motionrecon-batch.json").write_text(json.dumps({"names": {"a.mp4": name, "b": 3}}))
        (row,) = batch.run_batch(films, out, force=True)
        assert row.clip == "a" and sorted(os.listdir(tmp_path)) == ["films", "out"]


def test_two_of_one_name_in_a_file_get_two_folders(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4", "b.mp4"), touch(tmp_path / "out", "x/y")
    (out / ".motionrecon-batch.json").write_text('{"names": {"a.mp4": "z", "b.mp4": "Z"}}')
    assert outcomes(batch.run_batch(films, out)) == {"z": "done", "b": "done"}


def test_no_clip_is_called_as_a_file_of_the_batch(tmp_path: Path, pipeline: list[str]) -> None:
    films = touch(tmp_path / "films", "bug.mp4", "bug.traceback.txt.mp4", "table.csv.mp4", "table.html.mp4")
    for _ in range(2):
        rows = batch.run_batch(films, tmp_path / "out")
        assert [row.clip for row in rows] == ["bug", "bug_traceback_txt", "table_csv", "table_html"]
        assert [str(row.outcome) for row in rows] == ["failed", "failed", "done", "done"]


def test_a_fault_is_told_where_its_traceback_cannot_be_kept(tmp_path: Path, pipeline: list[str]) -> None:
    films, out = touch(tmp_path / "films", "a.mp4", "bug.mp4"), touch(tmp_path / "out", "bug.traceback.txt/in the way")
    rows = batch.run_batch(films, out)
    assert outcomes(rows) == {"a": "done", "bug": "failed"} and "ZeroDivisionError" in rows[1].message


# The table.


def test_no_file_name_becomes_markup_or_a_formula() -> None:
    rows = [Row("<b>x</b>", Outcome.FAILED, '"><script>alert(1)</script>', message="=1+1 <img src=x>\nsecond")]
    page, text = as_page(rows, "<i>"), as_csv(rows)
    assert not any(mark in page for mark in ("<script", "<img", "<b>", "<i>"))
    (line,) = csv.DictReader(text.splitlines())
    assert line["message"] == "'=1+1 <img src=x> second" and line["clip"] == "<b>x</b>" and line["frames"] == ""


def test_figures_keep_their_digits() -> None:
    (line,) = csv.DictReader(as_csv([Row("a", Outcome.DONE, "a.mp4", frames=7, reprojection_px=4.25)]).splitlines())
    assert line["frames"] == "7" and float(line["reprojection_px"]) == 4.25 and line["outcome"] == "done"


def test_what_a_film_is_too_slow_to_tell_is_an_empty_cell_of_a_new_result_and_of_one_before() -> None:
    for unknown in (float("nan"), None):
        report = Report.of({"quality": {"skate_percent": unknown, "penetration_mm": 1.0}})
        row = Row.done("a", "a.mp4", report)
        (line,) = csv.DictReader(as_csv([row]).splitlines())
        assert (line["skate_percent"], line["penetration_mm"]) == ("", "1") and "<td>nan" not in as_page([row], "")


def test_gait_stands_in_the_table_or_why_there_is_none() -> None:
    gait = {"kind": "walk", "strides": 3, "steps": 6, "speed": 1.25, "cadence": 110.0, "stride_length": 1.36}
    gait |= {"step_length": 0.68, "step_width": None, "stance_percent": 61.0}
    seated = {"no_gait": "nothing was simulated", "warnings": ["sits"]}
    walks, sits = (Row.done(name, "a.mp4", Report.of(told)) for name, told in (("a", {"gait": gait}), ("b", seated)))
    of_walk, of_seat = csv.DictReader(as_csv([walks, sits]).splitlines())
    assert (of_walk["gait"], of_walk["strides"], of_walk["speed_m_s"]) == ("walk", "3", "1.25")
    assert (of_walk["stride_length_m"], of_walk["step_length_m"], of_walk["step_width_m"]) == ("1.36", "0.68", "")
    assert (of_walk["cadence_steps_min"], of_walk["stance_percent"]) == ("110", "61")
    assert of_seat["gait"] == of_seat["strides"] == of_seat["speed_m_s"] == ""
    assert (of_walk["no_gait"], of_seat["no_gait"]) == ("", "nothing was simulated")
    page = as_page([walks, sits], "")
    assert page.count("no gait") == 1 and "<div>warning: sits</div><div>no gait: nothing was simulated</div>" in page
    assert "<td>1.25</td><td>110</td><td>0.68</td>" in page and "<td></td><td></td><td></td>" in page


def test_the_table_and_the_terminal_say_which_clips_to_look_at() -> None:
    verdict = {"word": "poor", "expected_mm": 134.2, "reasons": ["keypoints jump", "the height was assumed"]}
    told = {"verdict": verdict, "warnings": ["it is cut; give start=...", "it is <dark>"], "frames": FRAMES}
    row = Row.done("a", "a.mp4", Report.of(told)).spelled(lambda text: text.replace("start=...", "--start"))
    (line,) = csv.DictReader(as_csv([row]).splitlines())
    assert (line["verdict"], line["reasons"]) == ("poor", "keypoints jump | the height was assumed")
    assert (line["warnings"], line["warning_texts"]) == ("2", "it is cut; give --start | it is <dark>")
    page = as_page([row], "")
    assert "<div>warning: it is cut; give --start</div><div>warning: it is &lt;dark&gt;</div>" in page
    assert "<div>worse than usual for: keypoints jump; the height was assumed</div>" in page
    failed = Row("b", Outcome.FAILED, "b.mp4", message="no such file")
    assert summary([row, failed]) == "1 of 2 clips done, 1 failed, 1 poor, 1 with warnings"


# The command, and the whole of it.


def test_the_exit_code_says_whether_all_are_done(
    tmp_path: Path, pipeline: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    films, out = touch(tmp_path / "films", "a.mp4", "notes.txt"), str(tmp_path / "out")
    assert cli.main(["batch", str(films), "-o", out, "--height", "1.8", "--fov", "60"]) == 0
    said = capsys.readouterr()
    assert "1 of 1 clips done" in said.out and "1 other file left out" in said.err and "[1/1] a: 40 frames" in said.err
    assert cli.main(["batch", str(films), "-o", out, "--quiet", "--fov", "61"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "made with --height 1.8" in said.err and len(said.err.splitlines()) == 1
    assert cli.main(["batch", str(films / "notes.txt"), "-o", out, "--jobs", "-1"]) == 2
    assert "--jobs -1" in capsys.readouterr().err


def test_two_real_clips_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = demo_images(18)
    for name, part in (("one", images[:16]), ("two", images[2:])):
        (tmp_path / "films").mkdir(exist_ok=True)
        write_clip(tmp_path / "films" / f"{name}.mp4", part)
    (tmp_path / "films" / "bad.mp4").write_bytes(b"no film")
    command = ["batch", str(tmp_path / "films"), "-o", str(tmp_path / "out"), "--jobs", "2", "--height", "1.75"]
    assert cli.main([*command, "--no-physics"]) == 1
    said = capsys.readouterr()
    assert "2 of 3 clips done, 1 failed" in said.out and "bad.mp4 is not a video" in said.err
    for name in ("one", "two"):
        assert (tmp_path / "out" / name / "overlay.mp4").exists()


def test_a_clip_that_is_missing_is_its_own_failure(tmp_path: Path) -> None:
    answer = run_clip(Job("a", (tmp_path / "a.mp4",), tmp_path / "a", {}))
    assert answer.row.outcome is Outcome.FAILED and "no such file" in answer.row.message
