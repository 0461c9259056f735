"""Task types: groups of prompts whose misroute rates differ, and what a type adds to a chance.

In come redacted prompts with their losses; out come a table that assigns a prompt its type, what
speaks for it on held-out pairs, and offsets by type. The loop and `tierwatch types` call it.
"""
