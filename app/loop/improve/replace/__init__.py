"""Replacing a tier's model: a candidate comes in; a trial goes out, and a proposal or why not.

The candidate is asked what the serving model has answered, on the same sampled exchanges, and
judged blind against it. Called by workers' beat and by whoever begins a trial: command, page, API.
"""
