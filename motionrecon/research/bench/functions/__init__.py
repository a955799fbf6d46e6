"""Optimizers on the classical test functions, at equal numbers of gradient evaluations.

`plan` says what is to be measured, `peers` and `learned` run it, `settings` keeps what was tuned, `measure` computes
what is missing, `tables` and `profiles` say what came out, `report` writes it.
"""
