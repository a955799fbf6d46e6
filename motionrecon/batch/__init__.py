"""Many clips: each is reconstructed as `motionrecon.pipeline.reconstruct` does one, several at once, into one table.

`found` says which clips there are, `checks` whether what a list says of them can be used, and `names` what their
folders are called; `clip` does one of them, a job in and a row of the table out; `processes` and `on_ray` hand jobs to
workers, on this machine and on a cluster; `run` puts it together.
"""
