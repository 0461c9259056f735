"""What can go wrong below HTTP. A wait that took too long is Python's own TimeoutError.

ClientFault
├── UnreachableError    no connection in time, or it ended before a word of the answer
├── BrokenAnswerError   what came is not HTTP, or exceeds our limits for a head
└── CutError            the answer began and did not come whole
"""


class ClientFault(Exception):  # noqa: N818 - the tree's name; what is raised ends in Error
    """Base of the tree: there is no whole answer."""


class UnreachableError(ClientFault):
    """Nobody answered. The request may have been read nevertheless, unless connecting failed."""


class BrokenAnswerError(ClientFault):
    """The answer cannot be read."""


class CutError(ClientFault):
    """The answer began and did not come whole; what came of it has been given out."""
