"""The paper's own form of Optimus, with nothing around it: all that B and the steps become, the network says.

After "Transformer-Based Learned Optimization" (arXiv 2212.01055): `network` says the rank-one terms of B, direction
and length, and `rule` does what it says; there are no seeds, no search for trends and no dials, and no step is refused
but that the best point is kept. `optimizer` makes it one of the optimizers. What serves functions without a network is
beside it, in :mod:`motionrecon.optimus.rule` and :mod:`motionrecon.optimus.exploration`.
"""
