"""Calls that a vendor keeps are fetched: its pages come in by HTTP, records go out, once each.

``rounds`` walks what is new since the last time and hands it to the intake's door; a vendor is one
file that knows its pages, and a line in ``vendors``. Asked by the intake, which goes on and on, and
by ``tierwatch pull``.
"""
