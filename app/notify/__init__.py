"""Notifications of alerts: one line in our log, and webhooks of other programs.

An event of an alert comes in as a mapping; what a destination made of it goes out as an `Answer`.
Only `runtime` builds destinations; `loop.notify` sends to them and decides what follows.
"""
