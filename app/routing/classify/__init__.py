"""Classifiers: a chat comes in; a label or a confidence for each tier, and a task type, go out.

A classifier is built once and asked for every request, from any thread. The router asks them; the
loop teaches the local one and the gateway sends the questions of the one that asks a model. The
standard library is all that any of them needs.
"""
