"""Notifications of alerts: one line in our log, and webhooks of other programs.

An event of an alert comes in as a mapping, with its destinations; what became of each comes out.
Only `runtime` builds destinations, and hands `deliver` to `loop.watch.alert`.
"""
