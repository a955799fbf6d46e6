"""The command line: help, hints, exit codes and one-line errors. What it runs is tested elsewhere."""

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from motions import walking
from support import options

import motionrecon
from motionrecon import cli
from motionrecon.cli.app import app
from motionrecon.cli.batch import batch
from motionrecon.cli.messages import as_flags
from motionrecon.cli.reconstruct import reconstruct
from motionrecon.cli.summary import of_cameras, of_lenses, summary
from motionrecon.errors import InputError
from motionrecon.options import Options
from motionrecon.result.report import CameraOfSeveral, Report


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    return code, *capsys.readouterr()


def python(*arguments):
    # -P: the installed package, not the folder of that name in the checkout.
    return subprocess.run([sys.executable, "-P", *arguments], capture_output=True, text=True, check=True)


@pytest.mark.parametrize(
    "command",
    ["", "reconstruct", "batch", "demo", "view", "render", "plot", "export", "info", "bench", "train", "calibrate"],
)
def test_nothing_heavy_is_imported_for_the_help(command):
    """Which is what lets it answer at once; a test that takes the time fails on a busy machine."""
    heavy = {"mujoco", "mediapipe", "cv2", "av", "scipy", "torch", "matplotlib", "safetensors", "numpy", "PIL"}
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('imported', sorted({heavy} & set(sys.modules))))\n"
        "import motionrecon.cli\n"
        f"sys.exit(motionrecon.cli.main({[command, '--help'] if command else ['--help']}))"
    )
    shown = python("-c", code).stdout
    assert "Usage: motionrecon" in shown and shown.splitlines()[-1] == "imported []"


def test_the_package_offers_its_public_names():
    assert motionrecon.reconstruct.__name__ == "reconstruct"
    assert motionrecon.Motion.__name__ == "Motion"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", motionrecon.__version__)
    with pytest.raises(AttributeError, match="no attribute 'reconstrct'"):
        motionrecon.reconstrct  # noqa: B018


@pytest.mark.parametrize("command", ["reconstruct", "batch", "demo", "calibrate", "view", "export", "info", "bench"])
def test_every_command_has_help(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0 and f"motionrecon {command}" in out
    assert command in run(capsys, "--help")[1]


@pytest.mark.parametrize(
    "command",
    ["reconstruct", "batch", "demo", "calibrate", "view", "render", "plot", "export", "train optimus"]
    + [f"bench {name}" for name in ("optimizers", "poses", "reconstruct")],
)
def test_every_command_that_writes_files_can_be_quiet(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "1000")
    assert "--quiet" in run(capsys, *command.split(), "--help")[1]


def test_help_breaks_lines_where_the_terminal_does_only(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    assert "in all parts of the picture: that tells its lens." in run(capsys, "calibrate", "--help")[1]
    training = run(capsys, "train", "optimus", "--help")[1]
    assert '""' not in training and "default: None" not in training and "[default: functions]" in training
    assert "and on poses the controls optimus-identity (B begins as a diagonal, without J'J)" in training
    assert "[default: largest]" in " ".join(run(capsys, "reconstruct", "--help")[1].split())


def test_every_option_is_a_documented_flag(capsys):
    _, out, _ = run(capsys, "reconstruct", "--help")
    help_text = " ".join(out.replace("│", " ").split())
    documentation = re.sub(r"\n {8}", " ", inspect.cleandoc(motionrecon.reconstruct.__doc__))  # an option a line
    parameters = set(inspect.signature(motionrecon.reconstruct).parameters)
    assert {field.name for field in dataclasses.fields(Options)} == parameters - {
        "video",
        "output",
        "progress",
        "watch",
    }
    for name in parameters - {"video", "progress", "watch"}:
        assert "--" + name.replace("_", "-") in help_text
        assert re.search(rf"^    {name}: (.*)$", documentation, re.MULTILINE)[1] in help_text
    assert "--quiet" in help_text and "--progress" not in help_text and "--no-force" not in help_text


def test_many_clips_take_every_option_of_one(capsys):
    one, many = (set(inspect.signature(command).parameters) for command in (reconstruct, batch))
    assert one - many == {"videos", "view", "list_people"} and many - one == {"source", "jobs", "ray"}
    help_text = run(capsys, "batch", "--help")[1]
    assert all("--" + name.replace("_", "-") in help_text for name in many - {"source"})


def test_an_editor_sees_every_parameter_with_its_type():
    signature = inspect.signature(motionrecon.reconstruct)
    for name, parameter in signature.parameters.items():
        assert parameter.kind is not parameter.VAR_KEYWORD and parameter.annotation is not parameter.empty, name
        assert parameter.kind is parameter.KEYWORD_ONLY or name == "video"
        assert re.search(rf"^ +{name}: ", motionrecon.reconstruct.__doc__, re.MULTILINE), name


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("height=500 is out of range", "--height 500 is out of range"),
        ("widen start=... and end=... (s)", "widen --start and --end (s)"),
        (
            "replace it with force=True, or choose another with output=...",
            "replace it with --force, or choose another with -o",
        ),
        ("camera=my file.toml: no such file", "--camera my file.toml: no such file"),
        ("try physics=False", "try --no-physics"),
        ("camera_name=cam_01 needs camera=...", "--camera-name cam_01 needs --camera"),
        ("dims=0, 10: give numbers from 1", "--dims 0, 10: give numbers from 1"),
        ("after steps=... or after minutes=...: give one", "after --steps or after --minutes: give one"),
        ("pes_lr=3: give a number from 0 to 1", "--pes-lr 3: give a number from 0 to 1"),
        ("largest_n=..., pairs=...: not with tasks=physics", "--largest-n, --pairs: not with --tasks physics"),
        ("train some: weights=optimus=FILE", "train some: --weights optimus=FILE"),
        ("a number as list_people(...) shows them", "a number as --list-people shows them"),
        ("view=above, at=9 or camera_name=x", "--view above, --at 9 or --camera-name x"),
        ("folder=3 stays", "folder=3 stays"),
        ("nothing=3 and preheight=3 and x.height=3 stay", "nothing=3 and preheight=3 and x.height=3 stay"),
    ],
)
def test_the_librarys_parameters_are_spelled_as_flags(said, spelled):
    assert as_flags(said) == spelled


def test_version(capsys):
    assert run(capsys, "--version") == (0, motionrecon.__version__ + "\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["walk.mp4", "--height", "1.8"], "run: motionrecon reconstruct walk.mp4 --height 1.8"),
        (["my walk.mp4"], "run: motionrecon reconstruct 'my walk.mp4'"),
        (["reconstrct"], 'Did you mean "reconstruct"'),
        (["reconstruct"], "no video given"),
        (["view", "a", "b", "c"], "c"),
        (["reconstruct", "a.mp4", "--heigth", "2"], r"Did you mean --height\?.*reconstruct --help"),
        (["reconstruct", "a.mp4", "--height", "tall"], '--height.*"tall"'),
        (["reconstruct", "a.mp4", "--height", "1,80"], '--height "1,80" is no number; write 1.80, with a point'),
        (["reconstruct", "a.mp4", "--seed", "x"], '--seed "x" is no whole number'),
        (["reconstruct", "a.mp4", "--seed", "1,5"], r'--seed "1,5" is no whole number \(see'),
        (["reconstruct", "a.mp4", "--height"], "--height"),
        (["view"], "FOLDER"),
    ],
)
def test_usage_errors_are_one_helpful_line(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == ""
    assert err.startswith("motionrecon: ") and err.count("\n") == 1
    assert re.search(message, err)


def commands(of, path=()):
    """Every command, by the words that call it, with what it takes."""
    for name in of:
        if not name.startswith("-"):
            yield from commands(of[name], (*path, name))
    if of.default_command is not None and path:
        yield path, of.assemble_argument_collection()


def test_whole_numbers_are_not_rounded(capsys, monkeypatch):
    monkeypatch.setattr("cyclopts.App.error_console", None)  # nothing is printed to it, and each keeps its width
    asked = set()
    for path, arguments in commands(app):
        for argument in arguments:
            if "int" in re.split(r"\W+", str(argument.hint)):
                asked.add((*path, argument.name))
                code, out, err = run(capsys, *path, argument.name, "1.5")
                assert (code, out) == (2, "")
                assert f'{argument.name} "1.5" is no whole number' in err
    assert {("reconstruct", "--seed"), ("batch", "--jobs"), ("bench", "optimizers", "--dims")} <= asked


def test_a_whole_number_may_have_a_point(capsys, pipeline):
    assert run(capsys, "reconstruct", "walk.mp4", "--seed", "4.0", "--quiet")[0] == 0
    assert pipeline.calls[0][1]["seed"] == 4


@pytest.fixture
def pipeline(monkeypatch):
    """A pipeline that records its call, and raises or returns what the test puts into ``does``."""
    calls = []

    def reconstruct(video, **given):
        calls.append((video, given))
        if reconstruct.does:
            raise reconstruct.does
        asked = options(**{name: value for name, value in given.items() if name not in ("output", "progress", "watch")})
        lens = {"focal_length": "given" if asked.gives_focal_length else "assumed"}
        camera = {"pose": "estimated", "focal_px": 900.0, "pitch_deg": 0.0} | lens
        body = SimpleNamespace(licence="")
        known = "given" if asked.height_given else "assumed"
        person = {"height": float(asked.height), "mass": 65.0, "lengths": {}, "height_from": known}
        made = report | {"options": asked.to_dict(), "camera": camera, "person": person}
        return SimpleNamespace(report=Report.of(made), body=body)

    quality = {"reprojection_px": 4.25, "reprojection_percent": 0.94, "skate_percent": 3.0, "penetration_mm": 1.21}
    quality["float_mm"] = 0.0
    frames = {"total": 50, "tracked": 40, "simulated": 40, "fps": 30.0}
    span = {"first_frame": 0, "last_frame": 10}
    windows = [span | {"status": "not tracked"}, span | {"status": "ok", "evaluations": 20}]
    why = ["weight jumps by 1.3 body weights at 2.1 s", "loaded soles slide at 180 mm/s"]
    verdict = {"word": "fair", "expected_mm": 81.2, "reasons": why, "expected_force_percent": 14.3}
    report = {"quality": quality, "verdict": verdict, "frames": frames, "windows": windows, "fallbacks": 2}
    reconstruct.does, reconstruct.report, reconstruct.calls = None, report, calls
    monkeypatch.setattr("motionrecon.pipeline.reconstruct", reconstruct)
    return reconstruct


def test_flags_reach_the_pipeline(capsys, pipeline):
    flags = "--height 1.8 --fov 60 --start 1 --end 2 --no-physics --assist --optimizer lbfgs --seed 4 -o out --quiet"
    code, out, err = run(capsys, "reconstruct", "walk.mp4", *flags.split())
    assert (code, out, err) == (0, "", "")
    ((video, given),) = pipeline.calls
    assert str(video) == "walk.mp4" and str(given.pop("output")) == "out"
    given.pop("progress")
    expected = options(height=1.8, fov=60, start=1, end=2, physics=False, assist=True, optimizer="lbfgs", seed=4)
    assert options(**given) == expected
    assert options(**given).height_given


def test_people_are_listed_instead_of_followed(capsys, pipeline, monkeypatch, tmp_path):
    from motionrecon import keypoints

    asked = []

    def list_people(video, picture, **chosen):
        asked.append((video, picture, sorted(chosen)))
        return ["1: seen", "2: seen"]

    monkeypatch.setattr(keypoints, "list_people", list_people)
    out = tmp_path / "out"
    assert cli.main(["reconstruct", "walk.mp4", "--list-people", "--quiet", "--end", "2", "-o", str(out)]) == 0
    assert asked == [(Path("walk.mp4"), tmp_path / "walk_people.png", ["end", "progress"])]
    assert capsys.readouterr().out.splitlines()[:2] == ["1: seen", "2: seen"]
    assert cli.main(["reconstruct", "--list-people"]) == 2
    assert "needs the video" in capsys.readouterr().err


def test_many_fallbacks_are_said(capsys, pipeline):
    pipeline.report["fallbacks"] = 3
    _, out, _ = run(capsys, "reconstruct", "films/walk.mp4")
    assert "3 steps of Optimus failed and were damped, with 20 Jacobians" in out and "--optimizer lm" in out
    pipeline.report["fallbacks"], pipeline.report["windows"] = 1, pipeline.report["windows"][:1]
    pipeline.report["windows"][0]["evaluations"] = 4
    _, out, _ = run(capsys, "reconstruct", "films/walk.mp4")
    assert "\n1 step of Optimus failed and was damped, with 4 Jacobians" in out


@pytest.mark.parametrize(("filmed", "kind"), [(240.0, "slow motion"), (2.0, "time lapse")])
def test_it_is_said_what_became_of_the_time(capsys, pipeline, filmed, kind):
    pipeline.report["frames"] |= {"fps": filmed, "film_fps": 30.0}
    _, out, _ = run(capsys, "reconstruct", "films/walk.mp4")
    assert f"\n{kind}: filmed at {filmed:g} frames per second, shown at 30\n" in out


def test_one_line_says_how_good_it_is_and_others_what_was_assumed(capsys, pipeline):
    _, out, _ = run(capsys, "reconstruct", "films/walk.mp4")
    verdict, first, simulated, height, view = out.splitlines()
    assert verdict == (
        "walk_motionrecon: fair, joints are expected to be 81 mm off, the vertical ground force 14 % in stance: "
        "weight jumps by 1.3 body weights at 2.1 s; loaded soles slide at 180 mm/s"
    )
    assert re.fullmatch(
        r"reprojection error 4\.2 px \(0\.9 % of the person's height\), feet skate in 3 % of frames, "
        r"penetration 1\.2 mm, \d+ s",
        first,
    )
    assert "simulated in 40 of 50 frames" in simulated
    assert "assumed to be 1.70 m" in height and "assumed to be 65 degrees" in view
    _, out, _ = run(capsys, "reconstruct", "walk.mp4", "--height", "1.7", "--fov", "65")
    assert "assumed" not in out
    _, out, _ = run(capsys, "reconstruct", "walk.mp4", "--no-physics")
    assert "simulated" not in out


def test_a_height_that_cameras_found_is_told() -> None:
    quality = {"reprojection_px": 4.0, "reprojection_percent": 1.0, "skate_percent": 3.0, "penetration_mm": 1.0}
    report = {
        "quality": quality | {"float_mm": 0.0},
        "verdict": {"word": "fair", "expected_mm": 81.0, "reasons": []},
        "frames": {"total": 50, "tracked": 50, "simulated": 50, "fps": 30.0},
        "options": options().to_dict(),
        "camera": {"pose": "calibrated", "focal_length": "given", "focal_px": 900.0, "pitch_deg": 0.0},
        "person": {"height": 1.83, "mass": 75.0, "lengths": {}, "height_from": "found"},
    }
    said = summary(SimpleNamespace(report=Report.of(report)), Path("walk"), 3.0)
    assert "the cameras found a height of 1.83 m, give or take 0.05; give it with --height" in said
    assert "child" not in said
    small = {"height": 1.2, "mass": 22.0, "lengths": {}, "height_from": "given"}
    for age, told in ((None, True), (30.0, False)):
        said = summary(SimpleNamespace(report=Report.of(report | {"person": small | {"age": age}})), Path("walk"), 3.0)
        assert ("at 1.20 m they were taken for a child of 7 years; --age says otherwise" in said) is told
    for changed in ({"body": "smplx"}, {"body": "capsules"}):  # one is an adult's, the other's mass was given
        person = {"person": small | changed, "options": options(mass=22.0).to_dict()}
        assert "child" not in summary(SimpleNamespace(report=Report.of(report | person)), Path("walk"), 3.0)
    said = summary(SimpleNamespace(report=Report.of(report | {"person": small | {"height": 0.6}})), Path("walk"), 3.0)
    assert "a child under 2 years" in said


def test_how_surely_cameras_were_found_is_told() -> None:
    one = {"pose": "estimated", "focal_length": "given", "focal_px": 1000.0, "pitch_deg": 0.0, "video": None}
    one |= {"sha256": None, "offset": 0.0, "tracked": 50, "reprojection_px": None, "reprojection_percent": None}
    sure = ({"rotation_error_deg": 0.0, "place_error_m": 0.0}, {"rotation_error_deg": 1.66, "place_error_m": 0.214})
    found = [CameraOfSeveral.of(one | {"name": name} | errors) for name, errors in zip("ab", sure, strict=True)]
    assert "found from the person, to 1.7 degrees and 21 cm or better" in of_cameras(found, 50)
    assert "found" not in of_cameras([CameraOfSeveral.of(one | {"name": name}) for name in "ab"], 50)


def test_each_of_several_cameras_is_told_its_lens() -> None:
    def said(*known: str) -> list[str]:
        one = {"pose": "estimated", "focal_px": 1000.0, "pitch_deg": 0.0, "video": None, "sha256": None, "offset": 0.0}
        one |= {"tracked": 50, "reprojection_px": None, "reprojection_percent": None}
        cameras = [one | {"name": name, "focal_length": how} for name, how in zip("abc", known, strict=False)]
        report = Report.of({"camera": cameras[0], "cameras": cameras, "options": options().to_dict()})
        films = [SimpleNamespace(image_size=(1600, 900)) for _ in cameras]
        return of_lenses(SimpleNamespace(report=report, cameras=films))

    (all_found,) = said("found", "found")
    assert all_found.startswith("the cameras' fields of view were found to be 77, 77 degrees along")
    found, assumed = said("found", "assumed", "assumed")
    assert found.startswith("the field of view of a was found to be 77 degrees")
    assert assumed.startswith("the fields of view of b, c were assumed to be 65 degrees")
    assert said("given", "given") == []


def test_of_a_film_too_slow_to_tell_no_skating_is_said(capsys, pipeline):
    pipeline.report["quality"] = pipeline.report["quality"] | {"skate_percent": None}
    code, out, _ = run(capsys, "reconstruct", "walk.mp4")
    assert code == 0 and "height), penetration 1.2 mm" in out and "skate" not in out


def test_errors_meant_for_users_are_one_line(capsys, pipeline):
    pipeline.does = InputError("walk.mp4 is not\na video")
    assert run(capsys, "reconstruct", "walk.mp4") == (2, "", "motionrecon: walk.mp4 is not a video\n")


def test_what_is_given_beyond_what_a_command_takes_is_named(capsys):
    message = "motionrecon: too many arguments; left over: 'c d' (see motionrecon view --help)\n"
    assert run(capsys, "view", "a", "b", "c d") == (2, "", message)


def test_missing_system_libraries_are_named(capsys, pipeline):
    pipeline.does = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    code, _, err = run(capsys, "reconstruct", "walk.mp4")
    assert code == 2 and "libGL.so.1" in err and "apt-get install" in err and err.count("\n") == 1


def test_bugs_keep_their_traceback(pipeline):
    for pipeline.does in (RuntimeError("bug"), OSError("bug")):
        with pytest.raises(type(pipeline.does), match="bug"):
            cli.main(["reconstruct", "walk.mp4"])


def test_ctrl_c_says_that_a_rerun_resumes(capsys, pipeline):
    pipeline.does = KeyboardInterrupt()
    code, _, err = run(capsys, "reconstruct", "walk.mp4")
    assert code == 130 and "the same command again resumes" in err


def test_info_prints_lines_or_json(capsys, monkeypatch):
    monkeypatch.setattr("motionrecon.info.collect", lambda: {"motionrecon": "1", "packages": {"numpy": "2"}})
    assert run(capsys, "info") == (0, "motionrecon: 1\npackages: numpy 2\n", "")
    assert '"numpy": "2"' in run(capsys, "info", "--json")[1]


def test_the_viewer_gets_the_folder_and_the_flags(capsys, monkeypatch):
    calls = []
    monkeypatch.setattr("motionrecon.viewer.view", lambda *folders, **options: calls.append((folders, options)))
    monkeypatch.setattr(
        "motionrecon.viewer.write_page", lambda *given, **how: calls.append((given, how)) or ["no film"]
    )
    walk, run_ = Path("walk_motionrecon"), Path("run_motionrecon")
    assert run(capsys, "view", str(walk), "--port", "9000", "--no-browser")[0] == 0
    assert calls.pop() == ((walk, None), {"port": 9000, "open_browser": False})
    assert run(capsys, "view", str(walk), str(run_), "--page", "both.html") == (0, "both.html\n", "no film\n")
    assert run(capsys, "view", str(walk), str(run_), "--page", "both.html", "--quiet") == (0, "", "no film\n")
    assert calls.pop() == ((walk, Path("both.html"), run_), {"force": False})


def test_a_page_is_html_and_replaces_nothing_unasked(capsys, tmp_path):
    there = tmp_path / "walk.html"
    there.write_text("mine")
    walking(2).save(tmp_path / "walk")
    status, _, error = run(capsys, "view", str(tmp_path / "walk"), "--page", str(there))
    assert status == 2 and "walk.html is there already; replace it with --force" in error
    assert there.read_text() == "mine"
    status, _, error = run(capsys, "view", "walk", "--page", "walk.pdf")
    assert status == 2 and "a page is an .html file" in error


def test_the_bench_runs(capsys, monkeypatch):
    monkeypatch.setattr("motionrecon.research.bench.physics.main", lambda: print("ratios"))
    assert run(capsys, "bench", "physics")[:2] == (0, "ratios\n")


def test_the_bench_of_windows_takes_no_options_of_functions(capsys, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "motionrecon.research.bench.windows.measure.main", lambda *a, **k: asked.append((a, k)) or tmp_path
    )
    code, out, _ = run(capsys, "bench", "optimizers", "--physics", "--quick", "--methods", "lm", "-o", str(tmp_path))
    assert code == 0 and out.strip() == str(tmp_path)
    assert asked == [((tmp_path,), {"quick": True, "processes": 2, "only": ("lm",)})]
    code, _, err = run(capsys, "bench", "optimizers", "--physics", "--dims", "10")
    assert code == 2 and "--dims" in err and len(asked) == 1
