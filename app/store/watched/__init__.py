"""A router that is only watched: what it was seen to run with, and changes that wait for it.

Rows come in and go out; `loop.decide.foreign` decides what follows, the intake adds what it saw.
"""
