"""Scores back to whose traces they are of: queued scores come in, deliveries go out, once or more.

Workers call it by the clock, apart from alerts: a tool that is away holds neither them nor judges.
"""
