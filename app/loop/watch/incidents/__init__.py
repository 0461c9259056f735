"""What an opened alert belongs to, and what people make of it.

An alert comes in with its evidence; the incident it joins, whose it is and how it was resolved go
out, as rows. `loop.watch.alert` and the dashboard call it.
"""
