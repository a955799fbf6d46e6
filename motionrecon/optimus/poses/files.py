"""A trained network as a file: weights in safetensors, with the sizes of what they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from motionrecon.core.files import atomic, parse_json
from motionrecon.errors import ModelError
from motionrecon.optimus import shipped
from motionrecon.optimus.poses.network import PoseNetworkSizes, initial

KIND = "poses"
#: The networks that come with motionrecon.
SHIPPED = shipped.Shelf(KIND, "weights of poses")


@dataclass(frozen=True)
class PoseNetwork:
    """A network.

    Attributes:
        sizes: of it.
        weights: by name, float32.
        facts: what else the file says, such as how it was trained.
    """

    sizes: PoseNetworkSizes
    weights: Mapping[str, np.ndarray]
    facts: Mapping[str, str]


def save(network: PoseNetwork, path: Path) -> None:
    """Write a network.

    Raises:
        OutputError: the file cannot be written.
    """
    about = {"kind": KIND, "sizes": json.dumps(network.sizes.as_dict(), sort_keys=True)}
    tensors = {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in network.weights.items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={**network.facts, **about})


def read(path: Path) -> PoseNetwork:
    """Read a network.

    Raises:
        ModelError: there is no such file, or it holds something else.
    """
    weights, about = shipped.read_arrays(path, KIND, "Optimus on poses")
    try:
        sizes = PoseNetworkSizes(**parse_json(about["sizes"]))
        if not _may_be(sizes, weights):
            raise ValueError("other weights")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} does not fit this version of motionrecon ({error}); train or install again"
        ) from error
    return PoseNetwork(sizes, weights, {k: v for k, v in about.items() if k not in ("kind", "sizes")})


def _may_be(sizes: PoseNetworkSizes, weights: Mapping[str, np.ndarray]) -> bool:
    """Whether these are the weights of a network of such sizes."""
    shapes = {name: value.shape for name, value in weights.items()}
    inputs = {"identity": sizes.unknowns, "token.w": sizes.channels, "facts.w": sizes.facts}
    if any(shapes.get(name) != (count, sizes.width) for name, count in inputs.items()):
        return False  # before sizes that no memory holds are tried
    made = initial(sizes, np.random.default_rng(0))
    return shapes == {name: value.shape for name, value in made.items()} and all(
        value.dtype == np.float32 for value in weights.values()
    )
