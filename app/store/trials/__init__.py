"""Trials of models: what was asked for, the pairs drawn for it, and what became of each.

Values come in and typed values go out, inside the caller's transaction. Called by
`loop.improve.replace`, the pages and the API.
"""
