"""Alerts: their list, and each with its evidence, its cause and the forms to move it on.

A stored `Alert` comes in; a page goes out, which says so where this version cannot show what the
alert rests on. Only `dashboard.application` imports it.
"""
