"""TOML: Pose2Sim's, Caliscope's and aniposelib's calibrations."""

from __future__ import annotations

from motionrecon.core.files import parse_toml


def looks_like(text: str) -> bool:
    """Whatever is nothing else."""
    return True


def read(text: str) -> object:
    """The tree of a TOML text."""
    return parse_toml(text)
