"""Hand-made exploration: how a run of the rule looks for better minima once a local search has settled.

Nothing here is from the paper, and nothing is learned. `trend` looks for the bowl under ripples,
`observing` takes in what its evaluations say, and `bowl` is the fit; `axes` finds axes along which a function is a sum;
`modes` names what each evaluation is for.
"""
