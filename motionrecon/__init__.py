"""motionrecon turns an ordinary video of a person into a 3D motion that obeys physics.

>>> import motionrecon
>>> motion = motionrecon.reconstruct("walk.mp4", height=1.8)  # doctest: +SKIP
>>> motion.save("walk_motionrecon")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motionrecon.optimizers import minimize
    from motionrecon.pipeline import reconstruct
    from motionrecon.result.motion import Motion

__version__: str

__all__ = ["Motion", "__version__", "minimize", "reconstruct"]


def __getattr__(name: str) -> Any:
    # Loaded when first used: `import motionrecon` and `motionrecon --help` must not wait for MuJoCo.
    if name == "reconstruct":
        from motionrecon.pipeline import reconstruct

        return reconstruct
    if name == "Motion":
        from motionrecon.result.motion import Motion

        return Motion
    if name == "minimize":
        from motionrecon.optimizers import minimize

        return minimize
    if name == "__version__":
        from importlib.metadata import version

        return version("motionrecon")
    raise AttributeError(f"module 'motionrecon' has no attribute {name!r}")
