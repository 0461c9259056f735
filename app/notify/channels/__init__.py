"""Channels of other vendors: an alert's event comes in, a request of the vendor's form goes out.

Each is one file and one class of the form of `answer.Destination`, built by `runtime` alone. What
people read is written once, in `message`; no question and no answer of a user is in it.
"""
