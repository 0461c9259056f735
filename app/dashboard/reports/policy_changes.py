"""What a policy changes against the one that it was made from: in words, and at which tiers."""

from collections.abc import Iterator

from tierwatch.store.pages.lists import PolicyLine


def policy_changes(now: PolicyLine, before: PolicyLine) -> tuple[str, ...]:
    """What one version does otherwise than another; empty where that is nothing.

    Args:
        now: the version.
        before: the one that it was made from.
    """
    return (
        *_thresholds(now, before),
        *_own_thresholds(now, before),
        *_classifier(now, before),
        *_models(now, before),
        *_drained(now, before),
    )


def changed_tiers(now: PolicyLine, before: PolicyLine) -> frozenset[str]:
    """The tiers that one version decides or serves otherwise than another.

    Another classifier decides otherwise at all of them.
    """
    tiers = {*now.thresholds, *before.thresholds}
    if now.classifier != before.classifier:
        return frozenset(tiers)
    drained = _segments(now) ^ _segments(before)
    return frozenset(
        tier
        for tier in tiers | {*now.models, *before.models}
        if now.thresholds.get(tier) != before.thresholds.get(tier)
        or _of_tier(now, tier) != _of_tier(before, tier)
        or _model(now, tier) != _model(before, tier)
        or any(one == tier or one.startswith(f"{tier} for ") for one in drained)
    )


def _of_tier(line: PolicyLine, tier: str) -> dict[str, float]:
    return {task: own[tier] for task, own in line.by_task.items() if tier in own}


def _thresholds(now: PolicyLine, before: PolicyLine) -> Iterator[str]:
    for tier, value in now.thresholds.items():
        old = before.thresholds.get(tier)
        if old is None:
            yield f"{tier} is new, {value:.2f}"
        elif old != value:
            yield f"{tier} {old:.2f} → {value:.2f}"
    yield from (f"{tier} is gone" for tier in before.thresholds if tier not in now.thresholds)


def _own_thresholds(now: PolicyLine, before: PolicyLine) -> Iterator[str]:
    """Of task types; one without a threshold of its own goes by its tier's."""
    for task in sorted({*now.by_task, *before.by_task}):
        mine, theirs = now.by_task.get(task, {}), before.by_task.get(task, {})
        for tier in sorted({*mine, *theirs}):
            if mine.get(tier) != theirs.get(tier):
                yield f"{tier} for {task} {_own(theirs.get(tier))} → {_own(mine.get(tier))}"


def _own(value: float | None) -> str:
    return "as the tier" if value is None else f"{value:.2f}"


def _classifier(now: PolicyLine, before: PolicyLine) -> Iterator[str]:
    if now.classifier != before.classifier:
        yield f"classifier {_named(before.classifier)} → {_named(now.classifier)}"


def _named(classifier: int) -> str:
    return str(classifier) if classifier else "as configured"


def _models(now: PolicyLine, before: PolicyLine) -> Iterator[str]:
    for tier in sorted({*now.models, *before.models}):
        mine, theirs = _model(now, tier), _model(before, tier)
        if mine != theirs:
            yield f"{tier} is served by {mine}, before by {theirs}"


def _model(line: PolicyLine, tier: str) -> str:
    found = line.models.get(tier)
    named = found.get("model") if isinstance(found, dict) else None
    return str(named) if named else "the file's model"


def _drained(now: PolicyLine, before: PolicyLine) -> Iterator[str]:
    mine, theirs = _segments(now), _segments(before)
    yield from (f"sends up {one}" for one in sorted(mine - theirs))
    yield from (f"keeps {one} again" for one in sorted(theirs - mine))


def _segments(line: PolicyLine) -> set[str]:
    return {
        tier if task == "all" else f"{tier} for {task}"
        for task, tiers in line.drained.items()
        for tier in tiers
    }
