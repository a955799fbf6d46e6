"""Bad input through the command line: one clear line and exit code 2, or a result that says what is wrong with it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import demo_images, empty_images, write_clip
from support import HANGS, wait_until

from motionrecon import cli
from motionrecon.core.progress import Silent
from motionrecon.physics.windows import course
from motionrecon.result.motion import Motion

RESULT = {"motion.npz", "model.xml", "report.json", "motion.bvh", "overlay.mp4"}

#: Most rows are about the way in and out; the simulation is tested elsewhere and would cost them seconds each.
QUICK = ("--no-physics", "--quiet")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results go to the current folder unless told otherwise."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def images() -> list[np.ndarray]:
    return demo_images(10, max_side=320)


@pytest.fixture(scope="session")
def clip(images: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person, a third of a second."""
    return write_clip(tmp_path_factory.mktemp("clips") / "walk.mp4", images)


@pytest.fixture(scope="session")
def finished(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished result. Not to be written to."""
    folder = tmp_path_factory.mktemp("finished") / "result"
    assert cli.main(["reconstruct", str(clip), "-o", str(folder), *QUICK]) == 0
    return folder


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused; gives its one line."""

    def run(command: str, *arguments: str | Path) -> str:
        quiet = ["--quiet"] if command == "reconstruct" else []
        code = cli.main([command, *(str(argument) for argument in arguments), *quiet])
        out, err = capsys.readouterr()
        assert code == 2, (code, out, err)
        assert out == ""
        assert err.startswith("motionrecon: ") and err.count("\n") == 1
        return err

    return run


@pytest.fixture
def accept(capsys: pytest.CaptureFixture[str]) -> Callable[..., Motion]:
    """Reconstruct a clip into ``out``; gives the motion as read back from the disk."""

    def run(*arguments: str | Path) -> Motion:
        code = cli.main(["reconstruct", *(str(argument) for argument in arguments), "-o", "out"])
        assert code == 0, capsys.readouterr().err
        assert names(Path("out")) >= RESULT
        return Motion.load("out")

    return run


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def no_result(folder: Path) -> bool:
    """Nothing in the folder but, perhaps, what a rerun resumes from."""
    return names(folder) <= {"cache", ".motionrecon.json"}


# What is not a video


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"Dear diary, this is not a video.\n" * 100, "not a video"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "not a video|no frame|cut short"),
        (bytes(range(256)) * 64, "not a video"),
    ],
)
def test_not_a_video(refuse, tmp_path, content, message):
    path = tmp_path / "walk.mp4"
    path.write_bytes(content)
    line = refuse("reconstruct", path)
    assert "walk.mp4" in line and any(part in line for part in message.split("|"))
    assert no_result(tmp_path / "walk_motionrecon")


def test_no_such_video(refuse, tmp_path):
    assert "no such file: absent.mp4" in refuse("reconstruct", "absent.mp4")
    assert "is a folder" in refuse("reconstruct", tmp_path)


def test_a_truncated_video_without_its_index(refuse, clip, tmp_path):
    path = tmp_path / "walk.mp4"
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert "walk.mp4" in refuse("reconstruct", path)


def test_a_truncated_video_that_can_still_be_read_says_so(accept, images, tmp_path):
    path = write_clip(tmp_path / "walk.mp4", images * 4, index_first=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    motion = accept(path, *QUICK)
    assert 2 <= len(motion) < 4 * len(images)
    assert any("cut short" in warning for warning in motion.report["warnings"])


def test_one_frame(refuse, images, tmp_path):
    assert "one frame" in refuse("reconstruct", write_clip(tmp_path / "still.mp4", images[:1]))
    assert no_result(tmp_path / "still_motionrecon")


def test_fewer_frames_than_a_motion_needs(refuse, images, tmp_path):
    line = refuse("reconstruct", write_clip(tmp_path / "short.mp4", images[:3]))
    assert "short.mp4: 3 frames are no motion, which needs 4; give a longer video" in line
    long = write_clip(tmp_path / "long.mp4", images, fps=10)
    assert "3 frames are no motion, which needs 4; widen --start and --end" in refuse(
        "reconstruct", long, "--end", "0.3"
    )
    assert no_result(tmp_path / "short_motionrecon") and no_result(tmp_path / "long_motionrecon")  # nor a cache


# Who is in it


def test_nobody(refuse, tmp_path):
    line = refuse("reconstruct", write_clip(tmp_path / "room.mp4", empty_images(12)))
    assert "no person was found in room.mp4" in line
    assert no_result(tmp_path / "room_motionrecon")


def test_somebody_for_a_part_of_it(accept, images, tmp_path):
    size = images[0].shape[1::-1]
    motion = accept(write_clip(tmp_path / "walk.mp4", images + empty_images(10, size)), *QUICK)
    assert len(motion) == len(images) + 10
    assert motion.tracked[2 : len(images) - 2].all() and not motion.tracked[-8:].any()
    assert any("not seen" in warning for warning in motion.report["warnings"])


def test_several_people(accept, tmp_path):
    image = demo_images(6)[5]
    height, width, _ = image.shape
    large = image[height // 8 :, width // 2 : width * 4 // 5]
    small = cv2.resize(large[:, ::-1], None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    both = np.full((large.shape[0] // 2 * 2, (large.shape[1] + small.shape[1]) // 2 * 2, 3), 128, np.uint8)
    both[:, : large.shape[1]] = large[: len(both)]
    both[-len(small) :, large.shape[1] :] = small[:, : both.shape[1] - large.shape[1]]
    motion = accept(write_clip(tmp_path / "two.mp4", [both] * 14), *QUICK)
    assert any("2 people" in warning for warning in motion.report["warnings"])
    pixels = motion.camera.project(motion.joints[motion.tracked])
    assert np.nanmedian(pixels[..., 0]) < large.shape[1]  # the larger one, on the left


# Sizes and rates


def test_4k(accept, images, tmp_path):
    path = write_clip(tmp_path / "big.mp4", [cv2.resize(image, (3840, 2160)) for image in images[:8]])
    motion = accept(path, *QUICK)
    assert motion.camera.image_size == (3840, 2160) and motion.tracked.all()


@pytest.mark.parametrize(("fps", "repeats", "flags"), [(5, 1, ("--quiet",)), (240, 4, ("--quiet", "--end", "0.1"))])
def test_unusual_frame_rates(accept, images, tmp_path, fps, repeats, flags):
    frames = [image for image in images[:: 3 if fps == 5 else 1] for _ in range(repeats)]
    motion = accept(write_clip(tmp_path / "clip.mp4", frames, fps), *flags)
    assert motion.fps == pytest.approx(fps)
    assert len(motion) == min(len(frames), round(0.1 * fps) if fps == 240 else 99)
    assert len(motion.ctrl) and np.isfinite(motion.joints).all()


def test_names_with_spaces_and_unicode(clip, tmp_path, capsys):
    folder = tmp_path / "Übung 2 – «Straße»"
    folder.mkdir()
    video = folder / "歩く mann %s {x} 'q'.mp4"
    video.write_bytes(clip.read_bytes())
    assert cli.main(["reconstruct", str(video), "--no-physics"]) == 0
    result = tmp_path / "歩く mann %s {x} 'q'_motionrecon"
    assert names(result) >= RESULT and result.name in capsys.readouterr().out
    Motion.load(result).to_bvh(folder / "bär ü.bvh")
    assert names(folder) == {video.name, "bär ü.bvh"}


# The output folder


def test_a_finished_result_is_kept_unless_forced(refuse, accept, clip):
    accept(clip, *QUICK)
    before = Path("out/report.json").read_bytes()
    line = refuse("reconstruct", clip, "-o", "out", "--no-physics")
    assert "already holds a finished result" in line and "--force" in line
    assert Path("out/report.json").read_bytes() == before
    accept(clip, "--seed", "1", "--force", *QUICK)
    assert json.loads(Path("out/report.json").read_text())["options"]["seed"] == 1


def test_a_file_where_the_folder_should_be(refuse, clip, tmp_path):
    (tmp_path / "out").write_text("mine")
    assert "choose another folder with -o" in refuse("reconstruct", clip, "-o", "out")
    assert "choose another folder with -o" in refuse("reconstruct", clip, "-o", "out/below")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_read_only_folder(refuse, clip, monkeypatch):
    def work(*_):
        raise AssertionError("the folder must be tried before the work, not after it")

    monkeypatch.setattr("motionrecon.keypoints.clip.Child", work)
    # chmod does not bind root, but /proc takes no folders from anybody.
    assert "cannot write to /proc/out" in refuse("reconstruct", clip, "-o", "/proc/out")


@contextmanager
def disk_space(size: int) -> Iterator[None]:
    """No file may grow past ``size`` bytes: the operating system then refuses to write, as on a full disk."""
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 2_000, 20_000])
def test_a_full_disk(refuse, clip, size):
    with disk_space(size):
        line = refuse("reconstruct", clip, "-o", "out", "--no-physics")
    assert "cannot write" in line and "choose another folder with -o" in line
    assert no_result(Path("out"))


def test_after_a_full_disk_a_rerun_succeeds(refuse, accept, clip):
    with disk_space(20_000):
        refuse("reconstruct", clip, "-o", "out", "--no-physics")
    accept(clip, *QUICK)


# Flags


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--height", "17"], "did you mean 1.7?"),
        (["--mass", "3"], "--mass 3"),
        (["--start", "3", "--end", "2"], "--end 2 must come after --start 3"),
        (["--start", "60"], "--start 60"),
        (["--fov", "60", "--focal-px", "900"], "--fov and --focal-px"),
        (["--camera", "absent.toml"], "absent.toml"),
        (["--camera-name", "cam_01"], "--camera"),
        (["--optimizer", "magic"], "lm"),
        (["--detector", "magic"], "full"),
        (["--overlap", "0.9"], "--overlap 0.9"),
        (["--keypoints", "absent.npz"], "absent.npz"),
    ],
)
def test_nonsense_flags(refuse, clip, tmp_path, flags, message):
    assert message in refuse("reconstruct", clip, *flags)
    assert no_result(tmp_path / "walk_motionrecon")


def test_a_camera_file_without_that_camera(refuse, clip, tmp_path):
    camera = '[left]\nname = "left"\nsize = [640, 360]\nmatrix = [[500, 0, 320], [0, 500, 180], [0, 0, 1]]\n'
    (tmp_path / "cameras.toml").write_text(camera)
    line = refuse("reconstruct", clip, "--camera", "cameras.toml", "--camera-name", "right")
    assert "--camera-name right" in line and "its cameras are left" in line


def test_keypoints_that_are_none(refuse, tmp_path):
    (tmp_path / "keypoints.npz").write_bytes(b"half an archive")
    assert "keypoints.npz" in refuse("reconstruct", "--keypoints", "keypoints.npz")


def test_keypoints_of_another_tool_without_a_video_need_a_rate_and_a_size(refuse, tmp_path):
    Path("json").mkdir()
    (tmp_path / "json/walk_000_keypoints.json").write_text('{"people": []}')
    line = refuse("reconstruct", "--keypoints", "json")
    assert "json does not say its frame rate; give the video as well, or --filmed-fps\n" in line
    line = refuse("reconstruct", "--keypoints", "json", "--filmed-fps", "30")
    assert "json does not say its image size; give the video as well, or a --camera file that tells it\n" in line
    assert "absent.json: no such file" in refuse("reconstruct", "--keypoints", "absent.json")


# Damaged files of our own


@pytest.fixture(scope="module")
def broken_off(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was interrupted in its physics. Not to be written to."""
    folder = tmp_path_factory.mktemp("broken") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("motionrecon.cli.progress.Silent", interrupting("physics"))
        assert cli.main(["reconstruct", str(clip), "-o", str(folder), "--quiet"]) == 130
    return folder


@pytest.mark.parametrize(
    "damage", [lambda content: b"", lambda content: content[: len(content) // 2], lambda _: b"x" * 99]
)
def test_a_corrupt_cache_is_made_anew(accept, clip, broken_off, damage):
    shutil.copytree(broken_off, "out")
    cached = [path for path in Path("out/cache").rglob("*") if path.is_file()]
    assert len(cached) >= 3, "keypoints, kinematics, and a window"
    for path in cached:
        path.write_bytes(damage(path.read_bytes()))
    motion = accept(clip, "--quiet")
    assert motion.tracked.all() and len(motion.ctrl)


@pytest.mark.parametrize("name", ["motion.npz", "model.xml", "report.json"])
def test_a_corrupt_motion_file(refuse, finished, tmp_path, name):
    for file in RESULT:
        (tmp_path / file).write_bytes((finished / file).read_bytes())
    whole = (tmp_path / name).read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"\xff" * 200):
        (tmp_path / name).write_bytes(content)
        assert name in refuse("view", tmp_path, "--no-browser")
    (tmp_path / name).unlink()
    assert name in refuse("view", tmp_path, "--no-browser")


# Ctrl-C


class Recorder(Silent):
    """Progress that notes how far each stage came: ``stages`` is a list of [name, units done]."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, list[int]]] = []

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        done: list[int] = []
        self.stages.append((name, done))
        yield done.append


def interrupting(stage: str) -> type[Recorder]:
    """A progress in one of whose stages, after its first unit, Ctrl-C is pressed."""

    class Interrupting(Recorder):
        @contextmanager
        def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
            with super().stage(name, total) as advance:

                def advance_or_stop(n: int) -> None:
                    advance(n)
                    if name == stage:
                        raise KeyboardInterrupt

                yield advance_or_stop

    return Interrupting


def test_ctrl_c_in_any_stage(clip, tmp_path, monkeypatch, capsys):
    """The run stops without a result, and a rerun resumes it and ends where an undisturbed one ends."""
    arguments = ["reconstruct", str(clip), "--quiet", "-o"]
    recorder = Recorder()
    monkeypatch.setattr("motionrecon.cli.progress.Silent", lambda: recorder)
    assert cli.main([*arguments, "whole"]) == 0
    whole = Motion.load("whole")
    stages = [name for name, _ in recorder.stages]
    assert {"keypoints", "kinematics", "physics"} < set(stages)
    resumed_at = []

    def simulate_clip(windows, resume, *arguments):
        resumed_at.append(0 if resume is None else resume.frame)
        return course.simulate_clip(windows, resume, *arguments)

    monkeypatch.setattr("motionrecon.physics.windows.stage.simulate_clip", simulate_clip)

    for number, stage in enumerate(stages, start=1):
        # Each interrupted run takes up what the one before left, so that no stage is done more often than it must.
        monkeypatch.setattr("motionrecon.cli.progress.Silent", interrupting(stage))
        assert cli.main([*arguments, "stopped"]) == 130
        _, err = capsys.readouterr()
        assert "the same command again resumes" in err and "Traceback" not in err
        assert no_result(tmp_path / "stopped"), names(tmp_path / "stopped")

        shutil.copytree("stopped", stage)
        rerun = Recorder()
        monkeypatch.setattr("motionrecon.cli.progress.Silent", lambda rerun=rerun: rerun)
        assert cli.main([*arguments, stage]) == 0
        again = {name: len(done) for name, done in rerun.stages}
        if number > 1:
            assert again.get("keypoints", 0) == 0, "detection was finished, and is not done again"
        if number >= stages.index("physics") + 1:
            assert resumed_at[-1] > 0, "the finished windows are not done again"
        np.testing.assert_allclose(Motion.load(stage).qpos, whole.qpos, atol=1e-9)


def test_ctrl_c_from_the_keyboard(clip, tmp_path):
    """The real signal, in a real process, while it detects."""
    # A script, as the installed command is one: after Ctrl-C amid an import, `python -m` ends by the signal whatever
    # the exit code.
    script = tmp_path / "command.py"
    script.write_text(
        'import sys\nfrom motionrecon.cli import main\nif __name__ == "__main__":\n    sys.exit(main())\n'
    )
    command = [sys.executable, "-P", str(script), "reconstruct", str(clip), "-o", "out"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert wait_until((tmp_path / "out").exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANGS)
    assert process.returncode == 130, err
    assert "interrupted" in err and "Traceback" not in err
    assert no_result(tmp_path / "out")


# Names and numbers that are none


@pytest.mark.parametrize("flag", ["--height", "--start", "--seed", "--camera", "--keypoints", "--optimizer", "-o"])
@pytest.mark.parametrize("value", ["9" * 5000, "a/" * 3000], ids=["digits", "a path"])
def test_values_of_thousands_of_characters(refuse, tmp_path, flag, value):
    (tmp_path / "walk.mp4").write_bytes(b"no video")
    assert len(refuse("reconstruct", "walk.mp4", flag, value)) < 1000
    assert [path.name for path in tmp_path.iterdir()] == ["walk.mp4"]


def test_a_name_that_would_move_the_cursor_is_shown_harmless(refuse):
    assert r"a\x1b[2J\x07b.mp4" in refuse("reconstruct", "a\x1b[2J\x07b.mp4")
