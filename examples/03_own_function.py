"""Minimize a function of your own, with Optimus and with its classical peers.

    python examples/03_own_function.py

A NumPy function comes with its gradient as SciPy has it: `jac=gradient`, `jac=True` or `jac="2-point"`.
"""

import numpy as np

import motionrecon


def rastrigin(x: np.ndarray) -> tuple[float, np.ndarray]:
    """A bowl with a dent at every whole number, and its gradient."""
    value = 10 * len(x) + (x**2 - 10 * np.cos(2 * np.pi * x)).sum()
    return float(value), 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)


start = np.random.default_rng(1).uniform(-5, 5, 20)
for method in ("optimus", "lbfgs", "bfgs", "adam"):
    result = motionrecon.minimize(rastrigin, start, jac=True, method=method, max_evaluations=200)
    print(f"{method:8} {result.fun:10.4g} after {result.nfev} evaluations: {result.message}")
