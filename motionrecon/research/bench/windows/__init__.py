"""Optimizers on windows of motion, the problems of the main job.

`methods` lists them, `measure` follows each on each window, `figures` and `report` say what came out, `safety` looks
for harm, `arithmetic` prices what an optimizer itself costs.
"""
