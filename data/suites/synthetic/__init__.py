"""Rendered people whose motion is known exactly: `people` do what `recorded` and `authored` motions say, seen from
`viewpoints`; `catalogue` lists the clips, `making` makes one and keeps it, `suite` hands them to the benchmark.
"""
