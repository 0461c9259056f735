"""The teacher: judged pairs come in, a student goes out that decides without what taught it.

Off the decide path, and with the extra `train`. Asked by `loop.improve` and by the benchmarks.
"""
