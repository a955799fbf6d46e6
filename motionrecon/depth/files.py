"""The network as a file: weights in safetensors, and what made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from motionrecon.core.files import atomic
from motionrecon.depth.network import FEATURES, OUTPUTS
from motionrecon.errors import ModelError
from motionrecon.optimus import shipped

KIND = "depth"
#: The networks that come with motionrecon.
SHIPPED = shipped.Shelf(KIND, "weights of depth")


@dataclass(frozen=True)
class DepthNetwork:
    """A network.

    Attributes:
        weights: by name, float32.
        facts: what else the file says, such as how it was trained.
    """

    weights: Mapping[str, np.ndarray]
    facts: Mapping[str, str]


def save(network: DepthNetwork, path: Path) -> None:
    """Write a network.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors = {name: np.ascontiguousarray(value, dtype=np.float16) for name, value in network.weights.items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={**network.facts, "kind": KIND})


def read(path: Path) -> DepthNetwork:
    """Read a network.

    Raises:
        ModelError: there is no such file, or it holds something else.
    """
    weights, about = shipped.read_arrays(path, KIND, "depth")
    members, _, width = weights["in.b"].shape if "in.b" in weights and weights["in.b"].ndim == 3 else (0, 0, 0)
    shapes = {
        **{"in.w": (FEATURES, width), "inner.w": (width, width), "out.w": (width, OUTPUTS)},
        **{"in.b": (1, width), "inner.b": (1, width), "out.b": (1, OUTPUTS)},
    }
    if not members or {n: v.shape for n, v in weights.items()} != {n: (members, *v) for n, v in shapes.items()}:
        raise ModelError(f"{path} does not fit this version of motionrecon; train or install again")
    return DepthNetwork({k: v.astype(np.float32) for k, v in weights.items()}, dict(about))
