"""The harnesses of tests/reliability in a small form; CI runs it, and their full form takes minutes to an hour."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import HANGS

FOLDER = Path(__file__).parent / "reliability"


@pytest.mark.parametrize(
    "command",
    ["fuzz.py --count 102 --seed 2026", "bits.py --every 211", "kills.py --kills 1 --interrupts 1 --quick --seed 5"],
)
def test_nothing_is_lost_or_silently_wrong(command):
    name, *options = command.split()
    done = subprocess.run([sys.executable, FOLDER / name, *options], capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_fault_is_counted(tmp_path):
    """A reader that swallows damage, raises, hangs, dies or writes beside its file is found out."""
    script = tmp_path / "broken.py"
    script.write_text(
        f"import sys; sys.path[:0] = [{str(FOLDER)!r}, {str(FOLDER.parent)!r}]\n"
        "import fuzz, os, readers, time, zlib\n"
        "def broken(folder, told):\n"
        "    content = (folder / 'a').read_bytes()\n"
        "    kind = zlib.crc32(content) % 12 if content != b'undamaged' else 4\n"
        "    if kind == 0: raise KeyError('a')\n"
        "    if kind == 1: time.sleep(99)\n"
        "    if kind == 2: (folder / 'b').touch(); return {'a': 4}\n"
        "    if kind == 3: os._exit(7)\n"
        "    return {'a': kind}\n"
        "reader = readers.Reader('broken', 'a', broken, readers._any_difference)\n"
        "def samples(folder):\n"
        "    folder.mkdir(); (folder / 'a').write_bytes(b'undamaged'); (folder / 'other').write_bytes(b'undamaged')\n"
        "    other = readers.Reader('other', 'other', broken, readers._any_difference)\n"
        "    return [(reader, folder), (other, folder)]\n"
        "fuzz.samples, fuzz.PATIENCE = samples, 1\n"
        "sys.exit(fuzz.run(60, 0))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=HANGS)
    assert done.returncode > 0, done.stdout + done.stderr
    for fault in ("traceback", "hang", "crash", "stray file", "silently wrong"):
        assert f"{fault}: broken" in done.stdout, done.stdout
