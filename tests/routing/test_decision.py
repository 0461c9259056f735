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
