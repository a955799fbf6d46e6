"""Meta-training of learned optimizers: ``motionrecon train optimus``."""
