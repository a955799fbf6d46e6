"""The command ends in a line whatever its terminal is and whenever Ctrl-C is pressed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import HANGS

COMMAND = [sys.executable, "-P", "-m", "motionrecon"]


def run(*arguments, shell, cwd):
    """Run the command with what a shell does to its streams; gives its exit code, stdout and stderr."""
    line = f"{' '.join([*COMMAND, *arguments])} {shell}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=cwd, timeout=HANGS)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("shell", "code", "out", "err"),
    [
        (">/dev/full", 2, "", "motionrecon: cannot write to standard output: no space left on device\n"),
        (">/dev/full 2>/dev/full", 2, "", ""),
        ("2>&-", 0, None, ""),
        ("<&- >&- 2>&-", 0, "", ""),
        ("| true; exit ${PIPESTATUS[0]}", 0, "", ""),
    ],
)
def test_what_a_command_prints_may_be_lost(tmp_path, shell, code, out, err):
    found = run("--version", shell=shell, cwd=tmp_path)
    assert found[0] == code and found[2] == err
    assert found[1] == out or (out is None and found[1].count(".") == 2)


@pytest.mark.parametrize("shell", ["2>/dev/full", ">&- 2>&-", "2>&1 | true; exit ${PIPESTATUS[0]}"])
def test_what_it_says_of_an_error_may_be_lost(tmp_path, shell):
    code, out, err = run("reconstruct", "absent.mp4", shell=shell, cwd=tmp_path)
    assert (code, out, err) == (2, "", "")
    assert list(tmp_path.iterdir()) == []


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    """What a library prints to descriptor 2 must not land in a file that was opened after stderr was closed."""
    code = (
        "import os\n"
        "from motionrecon.core.terminal import forgiving_streams\n"
        "with forgiving_streams():\n"
        "    file = open('mine', 'wb')\n"
        "    os.write(1, b'chatter'); os.write(2, b'chatter')\n"
        "    assert file.fileno() > 2\n"
    )
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run(["bash", "-c", f"{sys.executable} script.py <&- >&- 2>&-"], cwd=tmp_path, timeout=HANGS)
    assert done.returncode == 0 and (tmp_path / "mine").read_bytes() == b""


def test_names_that_the_terminal_cannot_show(tmp_path):
    name = os.fsdecode(b"caf\xe9.mp4")
    environment = os.environ | {"PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(
        [*COMMAND, "reconstruct", name], capture_output=True, cwd=tmp_path, env=environment, timeout=HANGS
    )
    assert done.returncode == 2 and b"no such file: caf" in done.stderr and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("delay", [0.0, 0.2, 0.6, 1.2, 2.0])
def test_ctrl_c_while_it_starts(tmp_path, delay):
    """From the moment that Python runs our first line; before that, Python itself answers."""
    pipe = tmp_path / "started"
    os.mkfifo(pipe)
    (tmp_path / "walk.toml").touch()
    script = tmp_path / "command.py"
    script.write_text(
        f"import sys\nfrom motionrecon.__main__ import main\nopen({str(pipe)!r}, 'w').close()\nsys.exit(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-P", script, "demo", "-o", tmp_path / "out"], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        pipe.open().close()
        time.sleep(0.02 + delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=HANGS)
    assert process.returncode == 130, err
    assert err.endswith(b"motionrecon: interrupted\n") and b"Traceback" not in err
    assert {path.name for path in (tmp_path / "out").glob("*")} <= {"cache", ".motionrecon.json"}


def test_a_background_job_goes_on(tmp_path):
    """Shells start jobs in the background with Ctrl-C ignored."""
    script = "import signal; from motionrecon.core.interrupt import Interrupts, at_once\n"
    script += "at_once()\nwith Interrupts().watched(): signal.raise_signal(signal.SIGINT); print('goes on')\n"
    done = subprocess.run(
        ["bash", "-c", f"trap '' INT; {sys.executable} -c '{script.replace(chr(39), chr(34))}'"],
        capture_output=True,
        timeout=HANGS,
        cwd=tmp_path,
    )
    assert done.stdout == b"goes on\n"


LOST = """
import os, signal, sys, threading, time
from motionrecon.core.interrupt import Interrupts

class Unlucky:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def ends():
    raise RuntimeError("torn down")

interrupts = Interrupts()
try:
    with interrupts.watched():
        unlucky = Unlucky()
        del unlucky
        for _ in range(100):
            time.sleep(0.02)
        print("lost")
except KeyboardInterrupt:
    with interrupts.watched():
        thread = threading.Thread(target=ends)
        thread.start()
        thread.join()
    interrupts.end(130)
    print("heard", flush=True)
    signal.raise_signal(signal.SIGINT)
    print("not reached")
"""


def test_ctrl_c_in_a_destructor_is_heard_and_at_the_very_end_it_ends(tmp_path):
    (tmp_path / "script.py").write_text(LOST)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, cwd=tmp_path, timeout=HANGS)
    assert (done.stdout, done.stderr, done.returncode) == (b"heard\n", b"", 130)


SWALLOWED = """
import signal, sys, threading, time
from motionrecon.core import interrupt

interrupt.PATIENCE = 0.3
interrupts = interrupt.Interrupts()
try:
    with interrupts.watched():
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            pass
        time.sleep(9999)
        print("lost")
except KeyboardInterrupt:
    print("heard", flush=True)
interrupts.end(130)
threading.Thread(target=time.sleep, args=(9999,)).start()
sys.exit(130)
"""


def test_ctrl_c_that_a_library_swallows_or_that_waits_for_a_thread_comes_again(tmp_path):
    (tmp_path / "script.py").write_text(SWALLOWED)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, cwd=tmp_path, timeout=HANGS)
    assert (done.stdout, done.stderr, done.returncode) == (b"heard\n", b"", 130)


def test_errors_of_threads_are_told_where_nothing_was_pressed(tmp_path):
    script = LOST.replace("        unlucky = Unlucky()\n        del unlucky\n", "        raise KeyboardInterrupt\n")
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, cwd=tmp_path, timeout=HANGS)
    assert b"RuntimeError: torn down" in done.stderr


@pytest.mark.parametrize("error", ["MemoryError", "ImportError('cv2.so: failed to map segment from shared object')"])
def test_out_of_memory_is_a_line(tmp_path, error):
    script = (
        "import sys\nfrom motionrecon import cli\nfrom motionrecon.__main__ import main\n"
        f"def greedy(*_): raise {error}\n"
        "cli.main = greedy\nsys.exit(main())\n"
    )
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, cwd=tmp_path, timeout=HANGS)
    assert done.returncode == 1 and done.stderr.startswith(b"motionrecon: out of memory")


def test_the_installed_command_starts_at_the_door():
    import tomllib

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["motionrecon"] == "motionrecon.__main__:main"
