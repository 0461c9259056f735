"""What a refusal taught of a deployment. Apart from its reading, which takes half a megabyte."""

from typing import Literal, NamedTuple

from tierwatch.routing.facts import UNKNOWN, Facts

Kind = Literal["parameter", "once", "feature", "context", "content"]


class Lesson(NamedTuple):
    """What a refusal says of a deployment.

    Attributes:
        kind: ``parameter``: the request can be changed and asked again; ``once``: it can, but what
            helps this request says nothing of others; ``feature``: it needs what the model lacks;
            ``context``: it is too long; ``content``: a filter stopped it.
        what: the field or the feature.
        facts: what is known of the model now.
        without: fields that it is not to be sent.
    """

    kind: Kind
    what: str
    facts: Facts = UNKNOWN
    without: frozenset[str] = frozenset()


CONTENT = Lesson("content", "content")
MENDABLE = ("parameter", "once")
