"""Who says so, and the way back: a proposal comes in, a new active policy or its end goes out.

A person approves through the dashboard or the API, or the mode `auto` does; a rollout is watched
and taken back by itself; gateways and workers reload what is active.
"""
