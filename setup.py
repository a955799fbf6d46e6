"""Finds the packages; all else is in pyproject.toml."""

from setuptools import find_packages, setup

#: Folders at the top of the repository that are installed as ``motionrecon.NAME``.
BESIDE = ("viewer", "models", "data")

setup(
    packages=[
        *find_packages(include=["motionrecon", "motionrecon.*"]),
        *(f"motionrecon.{name}" for name in BESIDE),
        *(f"motionrecon.{name}.{inner}" for name in BESIDE for inner in find_packages(name)),
    ],
    package_dir={"motionrecon": "motionrecon", **{f"motionrecon.{name}": name for name in BESIDE}},
)
