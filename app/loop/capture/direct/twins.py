"""A twin: a sampled exchange a second time, to be answered by the top tier and judged by itself.

It has an id of its own, so all that follows treats it as any other pair: it is claimed, answered,
judged, redacted, kept and deleted like the exchange that it repeats. In a batch it is a row of a
few words, under a key that an older version passes over: such a version adds the exchange alone.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypedDict

from tierwatch.evaluation.sampling.inclusion import Direct
from tierwatch.loop.capture.counts import Sampled
from tierwatch.store.direct_pairs import DirectColumns

TOP: Final = "top"
# Of a UUID version 7, what is neither its time nor its version and variant (RFC 9562, 5.7).
_FREE_BITS: Final = (0xFFF << 64) | ((1 << 62) - 1)


class TwinDocument(TypedDict):
    """What makes a twin of an exchange: ``of`` is its id, the others are the twin's own."""

    of: str
    id: str
    tier: str
    share: float
    pi: float


def twin_id(exchange_id: uuid.UUID, tier: str) -> uuid.UUID:
    """The id of the twin that is compared with a tier; of the same moment, the same each time.

    >>> exchange_id = uuid.UUID("0190163d-8694-739b-aea5-966c26f8ad91")
    >>> str(twin_id(exchange_id, "complex"))[:15], twin_id(exchange_id, "complex").version
    ('0190163d-8694-7', 7)
    """
    digest = hashlib.blake2b(tier.encode(), key=exchange_id.bytes, digest_size=16).digest()
    chance = int.from_bytes(digest) & _FREE_BITS
    return uuid.UUID(int=(exchange_id.int & ~_FREE_BITS) | chance)


def twin_document(sampled: Sampled, direct: Direct) -> TwinDocument:
    """What a batch says of an exchange's twin."""
    exchange_id = sampled.served.exchange_id
    return {
        "of": str(exchange_id),
        "id": str(twin_id(exchange_id, direct.tier)),
        "tier": direct.tier,
        "share": direct.share,
        "pi": direct.pi,
    }


def asked_of(sampled: Sampled, direct: Direct) -> Sampled:
    """The exchange as if the top tier were its alternative: whether that takes it is asked so."""
    return sampled._replace(chosen=replace(sampled.chosen, alternative_tier=direct.tier))


def twins(
    exchanges: Iterable[Mapping[str, object]], rows: Sequence[TwinDocument]
) -> list[dict[str, object]]:
    """Documents of the twins of these exchanges; a twin whose exchange is not among them is none.

    Its media are those of its exchange, which are not kept twice.
    """
    by_id = _by_id(exchanges)
    return [
        {
            **by_id[row["of"]],
            "id": row["id"],
            "direction": TOP,
            "alternative_tier": row["tier"],
            "pi": row["pi"],
            "media": [],
        }
        for row in _of(by_id, rows)
    ]


def of_exchanges(
    exchanges: Iterable[Mapping[str, object]], rows: Sequence[TwinDocument]
) -> list[TwinDocument]:
    """Those rows whose exchange is among these."""
    return _of(_by_id(exchanges), rows)


def _by_id(exchanges: Iterable[Mapping[str, object]]) -> dict[object, Mapping[str, object]]:
    # From a spool, where anything may stand.
    return {one.get("id"): one for one in exchanges if isinstance(one, dict)}


def _of(
    there: Mapping[object, Mapping[str, object]], rows: Sequence[TwinDocument]
) -> list[TwinDocument]:
    return [row for row in rows if isinstance(row, dict) and row.get("of") in there]


def direct_columns(rows: Sequence[TwinDocument]) -> list[DirectColumns]:
    """The rows as the store takes them."""
    return [
        {
            "exchange_id": uuid.UUID(row["of"]),
            "tier": row["tier"],
            "twin_id": uuid.UUID(row["id"]),
            "share": row["share"],
            "pi": row["pi"],
        }
        for row in rows
    ]
