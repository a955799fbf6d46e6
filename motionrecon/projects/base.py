"""What a project folder says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Remark(NamedTuple):
    """What the user should know of how a project was read, unless they give the parameter that it is about."""

    parameter: str
    text: str


@dataclass(frozen=True)
class Project:
    """What a project folder says.

    Attributes:
        values: parameters of `motionrecon.pipeline.reconstruct` by name; among them ``video``, which is None where
            there are keypoints only.
        remarks: what the user should know of how it was read.
    """

    values: dict[str, Any]
    remarks: tuple[Remark, ...]
