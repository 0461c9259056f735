"""Lists as files that people keep: which lines the query asks for, and how they are written.

A query and rows come in; a filter, CSV that no program runs, or JSON lines go out. Called by pages
and by the API.
"""
