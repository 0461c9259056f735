"""Batches of JSON objects, one a call: a body comes in, `calls.Readings` go out. Pure.

LiteLLM's own records and the plain form that anybody may send. Asked by the table of sources.
"""
