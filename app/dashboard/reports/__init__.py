"""What a person must know to decide a proposal, in sentences and tables that leave the dashboard.

A stored proposal comes in; its words, and a report for paper, Markdown and JSON, go out. Pages and
the API show them alike.
"""
