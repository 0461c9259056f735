"""Pairs: their list, each with both answers, those to check, and the blind label of one.

Stored texts come in, and pages go out that show them as text and nothing else. Only
`dashboard.application` imports it.
"""
