"""Which exchanges are evaluated, with what probability, and what a verdict counts for.

In come a routing decision and a plan; out come a direction with its probability, fixed at that
moment and stored with the exchange. The loop's capture calls it; nothing computes a probability
again.
"""
