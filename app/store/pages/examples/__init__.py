"""Pairs that stand for many: an alert or a proposal comes in, the few pairs its page shows go out.

Read by the pages and the API alone; nothing is written.
"""
