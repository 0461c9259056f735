"""A body of which nothing can be read: whoever sent it is told what is accepted, and sends no more.

What can be read of a batch is taken, whatever else is in it; this is for the rest of the cases.
"""


class UnreadableError(ValueError):
    """Nothing in the body is of its format; the text says what was found and what is accepted."""
