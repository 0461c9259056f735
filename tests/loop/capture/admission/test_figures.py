"""What stays of an exchange that was not drawn is what its batch would hold."""

import uuid
from typing import Any

import pytest
from fakes.collaborators import TIERS, decided, served

from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.admission.figures import figures_alone
from tierwatch.loop.capture.counts import Batch
from tierwatch.loop.capture.document import batch_document, read_document
from tierwatch.wire.json_bytes import write_json


@pytest.mark.parametrize(
    "changes", [{}, {"outside": "side_call"}, {"finished": False}, {"cached_tokens": 7}]
)
def test_it_is_the_batch_of_that_exchange_alone(changes: dict[str, Any]) -> None:
    drawn = Draw(TIERS, SamplingPlan(1e-9)).of(served(decided(), **changes))
    assert drawn.chosen is None
    batch = Batch()
    drawn.add_to(batch, number=1, room=1)
    whole = batch_document(
        batch, redact=lambda text: text, digest_key=b"key", fail=lambda _, cause: pytest.fail(cause)
    )
    flush_id = uuid.uuid4()
    assert figures_alone(drawn, flush_id) == {**whole, "flush_id": str(flush_id)}
    assert read_document(write_json(figures_alone(drawn, flush_id)))["counts"] != []
