"""What an exchange adds to a batch, drawn or not, room or none."""

from fakes.collaborators import TIERS, decided, served

from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.counts import DROPPED, SAMPLED, Batch
from tierwatch.loop.capture.exchange import Attempt, ServedExchange


def added(*exchanges: ServedExchange, rate: float = 1.0, room: int = 10) -> tuple[Batch, int]:
    batch, dropped = Batch(), 0
    draw = Draw(TIERS, SamplingPlan(rate))
    for number, one in enumerate(exchanges, 1):
        dropped += draw.of(one).add_to(batch, number=number, room=room)
    return batch, dropped


def test_a_drawn_exchange_is_kept_with_its_chance() -> None:
    batch, dropped = added(served())
    (sampled,) = batch.sampled
    assert (sampled.number, sampled.chance, dropped) == (1, 1.0, 0)
    ((_, row),) = batch.counts.items()
    assert (row[SAMPLED], row[DROPPED]) == (1, 0)


def test_without_room_it_is_counted_as_dropped() -> None:
    batch, dropped = added(served(), served(), room=1)
    assert (len(batch.sampled), dropped) == (1, 1)
    assert sum(row[DROPPED] for row in batch.counts.values()) == 1


def test_what_cannot_be_evidence_has_no_chance_and_a_reason() -> None:
    batch, _ = added(served(answer=None), served(), rate=1.0)
    assert [reason for _, _, reason in batch.outside] == ["error"]
    assert len(batch.sampled) == 1


def test_a_rate_of_nothing_is_a_reason_too() -> None:
    batch, _ = added(served(), rate=0.0)
    assert [reason for _, _, reason in batch.outside] == ["not_sampled"]


def test_the_same_exchange_is_drawn_the_same_every_time() -> None:
    draw = Draw(TIERS, SamplingPlan(0.5))
    exchanges = [served() for _ in range(40)]
    first = [draw.of(one).chosen for one in exchanges]
    assert [draw.of(one).chosen for one in exchanges] == first
    assert {one is None for one in first} == {True, False}


def test_boundaries_are_those_up_to_the_tier_with_the_heaviest_weight() -> None:
    batch, _ = added(served(decided("standard", 0.4)), served(decided(reason="sticky:x")))
    assert {boundary for _, boundary, _ in batch.boundaries} == {"simple", "standard"}
    assert max(batch.weights.values()) > 1


def test_calls_that_gave_no_answer_are_kept_up_to_a_bound() -> None:
    failed = Attempt("simple", "small-1", "lab", 500, "http_500", 1.0)
    batch, _ = added(*(served(attempts=(failed,) * 400) for _ in range(4)))
    assert len(batch.attempts) == 1200
