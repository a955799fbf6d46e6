"""The simulated person: segment lengths and mass in, a MuJoCo model with landmarks out."""

from .model import Body
from .proportions import Proportions

__all__ = ["Body", "Proportions"]
