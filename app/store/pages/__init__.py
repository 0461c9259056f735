"""What pages and the JSON API read: every SELECT of theirs, answered with frozen values.

A module a group of pages. Nothing here writes. Lists come newest first, a page at a time:
``before`` is the id of the last line of the page before.
"""
