"""Files out of wheels: what pip brings is read, and what it says when it fails is told."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from motionrecon.data.wheels import wheel_of
from motionrecon.errors import InputError


def test_a_file_is_read_and_the_wheel_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Path] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[1:4] == ["-m", "pip", "download"] and command[-1] == "films==1.0"
        kept.append(Path(command[command.index("-d") + 1]) / "films-1.0-py3-none-any.whl")
        with zipfile.ZipFile(kept[0], "w") as wheel:
            wheel.writestr("films/a.txt", "a film")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    with wheel_of("films==1.0", "put it there") as wheel:
        assert wheel.read("films/a.txt") == b"a film" and kept[0].exists()
    assert not kept[0].parent.exists()


@pytest.mark.parametrize(("said", "told"), [("a\nno network\n", "no network"), ("", "it says nothing")])
def test_that_pip_fails_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, said: str, told: str) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", said))
    message = rf"pip could not fetch films==1\.0 \({told}\); put its files into there"
    with pytest.raises(InputError, match=message), wheel_of("films==1.0", "put its files into there"):
        pass
