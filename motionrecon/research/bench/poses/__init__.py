"""Optimizers on poses before cameras: who needs how many evaluations from the same start, and who gets there at all?

`methods` lists them, `peers` are SciPy's and the project's own, frame by frame, `measure` follows each on each split,
`figures` and `report` say what came out.
"""
