"""What is in the repository is in the installed package."""

import runpy
import tomllib
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parent.parent
DATA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]


@pytest.fixture
def arguments(monkeypatch):
    """What setup.py tells setuptools."""
    given = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py")
    return given


def test_every_folder_with_code_is_installed(arguments):
    folders = arguments["package_dir"]
    found = {
        ".".join((package, *path.parent.relative_to(ROOT / folder).parts))
        for package, folder in folders.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    assert set(arguments["packages"]) == found


def test_every_file_that_is_not_code_is_installed(arguments):
    for package, folder in arguments["package_dir"].items():
        top = ROOT / folder
        files = {path for path in top.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
        assert files == {path for pattern in DATA.get(package, []) for path in top.glob(pattern)}, package
