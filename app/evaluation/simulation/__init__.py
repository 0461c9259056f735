"""The bars, run against the installed code.

In come a seed and a number of runs; out come rows with what was measured, its interval and the
limit it must keep to. `tierwatch simulate` calls `certificate.certificate`, and so do tests.
"""
