import dataclasses

import pytest

from tierwatch.routing import Decision


def test_the_fields_stand_in_the_order_of_the_contract() -> None:
    assert [field.name for field in dataclasses.fields(Decision)] == [
        "tier",
        "model",
        "confidence",
        "threshold",
        "label",
        "escalated",
        "task_type",
        "policy_version",
        "reason",
        "confidences",
    ]


def test_a_decision_cannot_be_changed() -> None:
    decision = Decision("simple", "m", 0.9, 0.7, "simple", False, "all", 1, "kept")  # noqa: FBT003 - the contract's order
    with pytest.raises(dataclasses.FrozenInstanceError):
        decision.tier = "complex"  # type: ignore[misc] # refused, which is what is tested
    assert decision.confidences == ()


def reasoned(reason: str) -> Decision:
    return Decision("simple", "m", 0.9, 0.7, "simple", False, "all", 1, reason)  # noqa: FBT003 - the contract's order


@pytest.mark.parametrize(
    ("reason", "chosen", "held"),
    [
        ("kept", True, False),
        ("escalated", True, False),
        ("top", True, False),
        ("pinned", False, False),
        ("classifier_failed:timeout", False, False),
        ("classifier_failed:left_alone", False, False),
        ("cascade:empty", False, False),
        ("sticky:tool_exchange", False, True),
        ("sticky:continuation", False, True),
        ("sticky:warm_cache", False, True),
        ("sticky:unclassified", False, True),
    ],
)
def test_only_what_the_thresholds_chose_is_evidence(
    reason: str,
    chosen: bool,  # noqa: FBT001 - pytest's
    held: bool,  # noqa: FBT001 - pytest's
) -> None:
    decision = reasoned(reason)
    assert (decision.chosen, decision.held) == (chosen, held)


def test_decisions_of_equal_fields_are_equal_and_can_be_counted() -> None:
    assert reasoned("kept") == reasoned("kept") != reasoned("top")
    assert len({reasoned("kept"), reasoned("kept"), reasoned("top")}) == 2
