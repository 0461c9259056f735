"""What was learned from judged pairs: classifiers, their versions, task types.

The steps of `loop.improve` write it and read the pairs they learn from; gateways load what is
active.
"""
