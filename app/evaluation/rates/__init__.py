"""How large a rate is: estimates with intervals, corrected by what people said; and costs.

In come verdicts, weights and labels as columns of numbers; out come `estimate.Estimate` values,
each with its interval, its number of pairs and its method. Every other room builds on these.
"""
