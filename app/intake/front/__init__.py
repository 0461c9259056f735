"""The intake's HTTP: a batch comes in, an acknowledgement goes out, or why there is none.

Who may send how much stands here, and the page for Prometheus. Asked by `intake.build` alone.
"""
