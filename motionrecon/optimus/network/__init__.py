"""The paper's network where residuals and Jacobians exist, and what the learned optimizers on functions share with it.

After "Transformer-Based Learned Optimization" (arXiv 2212.01055), of which the abstract, a figure's caption and reviews
were at hand: a token for each unknown, three Transformer encoders of which each adds a rank-one term to the
preconditioning matrix B, and a branch for step and direction (`transformer`). `squares_network` advises Gauss-Newton
steps on windows of motion; the encoders serve :mod:`motionrecon.optimus.paper`, too, which has functions, and so do the
`features` of a gradient's history. Optimus itself has no network there (:mod:`motionrecon.optimus.rule`).
"""
