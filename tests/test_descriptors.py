"""Limits of descriptors: what there is, what is raised, and that nothing is lowered."""

import resource

import pytest

from tierwatch.descriptors import descriptors


@pytest.mark.parametrize(
    ("limits", "raised", "have"),
    [
        ((1_024, 1_048_576), (20_000, 1_048_576), 20_000),
        ((1_024, 4_096), (4_096, 4_096), 4_096),
        ((256, 256), None, 256),
        ((1_048_576, 1_048_576), None, 20_000),
        ((-1, -1), None, 20_000),
        ((1_024, -1), (20_000, -1), 20_000),
        ((20_000, 20_000), None, 20_000),
    ],
)
def test_as_many_as_may_be(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    raised: tuple[int, int] | None,
    have: int,
) -> None:
    done: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: done.append(pair))
    assert descriptors(20_000) == have
    assert done == ([] if raised is None else [raised])


def test_this_process_has_some_and_keeps_them() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert descriptors(16) == 16
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
