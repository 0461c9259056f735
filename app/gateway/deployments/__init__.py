"""A tier comes in, the `Call` to one of its deployments goes out; how each call ends is kept here.

Used by whoever calls providers: the answering step, and the classifier that is a model.
"""
