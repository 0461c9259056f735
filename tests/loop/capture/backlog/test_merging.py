"""Several batches as one: sums stay, and nothing of an exchange is lost."""

from typing import Any

from fakes.collaborators import TIERS, decided, served

from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.backlog.merging import merged
from tierwatch.loop.capture.counts import Batch
from tierwatch.loop.capture.document import BatchDocument, batch_document, new_flush


def document(**changes: Any) -> BatchDocument:
    batch = Batch()
    Draw(TIERS, SamplingPlan(1.0)).of(served(decided(), arrived_at=600.0, **changes)).add_to(
        batch, number=1, room=1
    )
    return batch_document(batch, redact=lambda text: text, digest_key=b"k", fail=lambda *_: None)


def test_what_is_counted_is_added_up_and_exchanges_stand_in_a_row() -> None:
    parts = [document(), document(), document(answer=None)]
    whole = merged(parts)
    assert whole["flush_id"] == parts[0]["flush_id"]
    assert [one["id"] for one in whole["exchanges"]] == [
        one["id"] for part in parts for one in part["exchanges"]
    ]
    (row,) = whole["counts"]
    assert row[5] == 3  # requests
    assert sum(requests for *_, requests in whole["boundaries"]) == 3
    assert {reason: requests for _, _, reason, requests, _ in whole["outside"]} == {
        "": 2.0,
        "error": 1.0,
    }


def test_the_largest_weight_counts() -> None:
    light, heavy = (
        new_flush(weights=[(1, "simple", 90, 2.0)]),
        new_flush(weights=[(1, "simple", 90, 20.0), (2, "simple", 90, 1.0)]),
    )
    assert sorted(merged([light, heavy])["weights"]) == [
        (1, "simple", 90, 20.0),
        (2, "simple", 90, 1.0),
    ]


def test_one_batch_stays_what_it_is() -> None:
    one = document()
    assert merged([one]) == one
