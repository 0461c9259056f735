"""Questions with known answers: anchors put to the judge and probes to the tiers, a few an hour.

An evalset and who is asked come in; runs, their answers and alerts of what has changed go out. The
workers call it by the clock, and `loop.watch.find_cause` for an alert.
"""
