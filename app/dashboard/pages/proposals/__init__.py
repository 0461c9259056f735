"""Proposals: their list, and each with its evidence and the form to decide it.

A stored `Proposal` comes in; a page goes out, which says so where this version cannot show what it
rests on. `proposal_line` is what the overview and an alert's page list; else only
`dashboard.application` imports it.
"""
