"""A call comes in, what is stored of it goes out: placed, drawn, redacted. No I/O."""

import os
import uuid
from collections.abc import Callable
from typing import Final

from tierwatch.intake.calls import CLOCK, UNPLACED, Call
from tierwatch.intake.keeping.frames import AdmittedCall
from tierwatch.intake.keeping.placing import Placing
from tierwatch.loop.capture.admission.draw import Draw, Drawn
from tierwatch.loop.capture.admission.figures import figures_alone
from tierwatch.loop.capture.counts import Batch, Sampled
from tierwatch.loop.capture.document import BatchDocument, batch_document
from tierwatch.loop.capture.redact import Redactor
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.store.traffic.sources import OUTSIDE, SAMPLED
from tierwatch.store.watched.seen_thresholds import SEEN

_UNREDACTED: Final = "unredacted"


class Admitting:
    """Admits calls. Used by one thread.

    Args:
        placing: says where a call belongs.
        draw: gives the draw that is active, which whoever steers it swaps whole.
        number: gives the number of the next request.
        redact: every stored text passes through it.
        read: says of a drawn exchange why it cannot be evidence after all; "" where it can.
        sealer: seals images, audio and files; without one none are kept.
    """

    def __init__(
        self,
        *,
        placing: Placing,
        draw: Callable[[], Draw],
        number: Callable[[], int],
        redact: Redactor,
        read: Callable[[Sampled], str],
        sealer: Sealer | None,
    ) -> None:
        self._placing = placing
        self._draw = draw
        self._number = number
        self._redact = redact
        self._takes = read
        self._sealer = sealer
        # Of this process only: nobody can try addresses against the digests that are stored.
        self._digest_key = os.urandom(32)

    def admit(self, call: Call, source: str, received_at: float) -> AdmittedCall:
        """The call as it is stored.

        Args:
            call: as it was read.
            source: who sent it.
            received_at: seconds since 1970.
        """
        placed = self._placing.place(call, source, received_at)
        key = uuid.UUID(bytes=placed.key)
        if placed.served is None:
            return AdmittedCall(key, source, None, (f"{OUTSIDE}{UNPLACED}",))
        drawn = self._draw().of(placed.served)
        number = self._number()
        if drawn.chosen is None and not drawn.failed:
            document = figures_alone(drawn, key)
            whats = [f"{OUTSIDE}{drawn.outside}"] if drawn.outside else []
        else:
            document, whats = self._read(drawn, number)
        whats += [CLOCK] * placed.clock
        whats += [f"{SEEN}{placed.seen}"] * bool(placed.seen)
        return AdmittedCall(key, source, document, tuple(whats))

    def _read(self, drawn: Drawn, number: int) -> tuple[BatchDocument, list[str]]:
        """What is stored of a call that was drawn or failed, and what else it counts as."""
        batch = Batch()
        drawn.add_to(batch, number=number, room=1)
        unredacted: list[str] = []
        document = batch_document(
            batch,
            redact=self._redact,
            read=self._takes,
            sealer=self._sealer,
            digest_key=self._digest_key,
            fail=lambda _, cause: unredacted.append(cause),
        )
        whats = [f"{OUTSIDE}{reason}" for _, _, reason, _, _ in document["outside"] if reason]
        whats += [SAMPLED] * len(document["exchanges"])
        whats += [_UNREDACTED] * len(unredacted)
        return document, whats
