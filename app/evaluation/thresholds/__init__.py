"""Which threshold a tier may have, certified on its own misroute rate.

In come confidences, losses and weights of the pairs about one boundary; out come the loosest
certified threshold within a step, the bounds it rests on, and what it would do to rate and cost.
The loop's retune and refit call it.
"""
