"""What the ways in ask: how far a new system has come, and what an id belongs to.

A connection and what somebody typed come in, frozen values go out. Called by the dashboard alone.
"""
