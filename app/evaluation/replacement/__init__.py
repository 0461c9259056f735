"""Whether a model may take the place of another: blind verdicts of the same questions come in.

What goes out is how much more often the candidate's answer is materially worse than better, with
bounds that may be checked after every pair. Imported by `loop.improve.replace` and the evidence.
"""
