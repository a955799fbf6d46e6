"""The paper's network: what is learned, and the rule that it steers.

After "Transformer-Based Learned Optimization" (arXiv 2212.01055), of which the abstract, a figure's caption and reviews
were at hand: a token for each unknown (`features`), three Transformer encoders of which each adds a rank-one term to
the preconditioning matrix B, and a branch for step and direction (`transformer`); the terms are seeded with BFGS's
(`rank_one`), and `rule` steps with them. `squares_network` is the same network where residuals and Jacobians exist.

Nothing trained for functions comes with motionrecon: all that the network says there is exactly 0. The terms are then
BFGS's, and the steps those of the built-in rules and of :mod:`motionrecon.optimus.exploration`.
"""
