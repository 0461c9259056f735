"""The overview: the state in a sentence, what waits for a person, the time asked for, and all time.

A range of time and the configuration come in, one page's dataclass goes out; only the application
mounts it. Figures of all time are the report's, those of a range are of the same kinds of sums.
"""
