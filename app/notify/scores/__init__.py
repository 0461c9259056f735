"""Scores beside other people's traces: a score comes in, what the tool made of it goes out.

One module a tool. Only `runtime` builds destinations; `loop.scores` sends to them and decides what
follows.
"""
