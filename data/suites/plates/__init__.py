"""People on force plates: real forces, and real markers before virtual cameras, or films of the user's own.

`trials` names OpenSim's recordings and fetches them, `opensim` reads their files, `markers` finds the person in the
markers, `filming` films them with virtual cameras and a detector's errors, `own` reads folders of the user's own,
`suite` hands all of them to the benchmark.
"""
