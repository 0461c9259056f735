"""Whether something has changed, with a bound on false alarms.

In come losses, confidences or replies, one at a time or by the minute; out comes whether a stream
is in alarm, and its state as JSON. A monitor keeps nothing but its own sums. The loop calls them,
and the simulation that certifies them.
"""
