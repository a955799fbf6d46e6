"""The simulated person: segment lengths and mass in, a MuJoCo model with landmarks out."""

from motionrecon.body.capsules.proportions import Proportions
from motionrecon.body.model import Body

__all__ = ["Body", "Proportions"]
