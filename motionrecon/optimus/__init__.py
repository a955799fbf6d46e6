"""Learned optimizers: Optimus, and the Adafactor MLP that it is measured against."""
