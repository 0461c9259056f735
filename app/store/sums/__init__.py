"""Sums: what outcomes and traffic add up to by the hour and the day, as pages and charts read it.

The database keeps them as rows come in; `rebuild` makes the same of the rows themselves.
"""
