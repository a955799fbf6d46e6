"""What is in the repository is in the installed package."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
FOLDERS = SETUPTOOLS["package-dir"]


@pytest.mark.parametrize("package", sorted(FOLDERS))
def test_every_folder_with_code_is_installed(package):
    top = ROOT / FOLDERS[package]
    found = {".".join((package, *path.parent.relative_to(top).parts)) for path in top.rglob("*.py")}
    listed = {name for name in SETUPTOOLS["packages"] if f"{name}.".startswith(f"{package}.")}
    if package == "motionrecon":  # its parts that stand at the top of the repository have rows of their own
        listed -= {name for name in listed for part in FOLDERS if part != package and f"{name}.".startswith(f"{part}.")}
    assert listed == found


@pytest.mark.parametrize("package", sorted(FOLDERS))
def test_every_file_that_is_not_code_is_installed(package):
    top = ROOT / FOLDERS[package]
    files = {path for path in top.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
    patterns = SETUPTOOLS["package-data"].get(package, [])
    assert files == {path for pattern in patterns for path in top.glob(pattern)}
