"""Whether a candidate model decides better than the active one.

In come the chances both give to held-out pairs; out come the gain in log loss, the quality gap
recovered, and what the candidate would do to rates and cost. The loop and the training command call
it.
"""
