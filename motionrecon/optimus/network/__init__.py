"""The paper's network: what is learned, and the rule that it steers.

After "Transformer-Based Learned Optimization" (arXiv 2212.01055), of which the abstract, a figure's caption and reviews
were at hand: a token for each unknown (`features`), three Transformer encoders of which each adds a rank-one term to
the preconditioning matrix B, and a branch for step and direction (`transformer`); the terms are seeded with BFGS's
(`rank_one`), and `rule` steps with them. `squares_network` is the same network where residuals and Jacobians exist.

In the shipped weights for functions all that the network says is exactly 0, except for its 14 dials: the terms are then
BFGS's, and the steps those of the seeds and of :mod:`motionrecon.optimus.exploration`.
"""
