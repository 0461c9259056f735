"""Direct comparisons: a sampled exchange comes in, and its twin goes out, a pair with the top tier.

The draw is `evaluation.sampling.inclusion`'s. Documents of batches hold the few words that make a
twin of its exchange, and what adds batches to Postgres asks for the twins.
"""
