"""What another policy would have done with the traffic of the past.

In come judged pairs of each boundary with their inclusion probabilities, and two policies; out come
misroute rates, quality and cost under the candidate, or a refusal that names what was not compared.
The loop calls `replay.replay_policy` for a proposal's page.
"""
