"""Who is behind for more than a minute, or has no writer, is in trouble."""

import pytest

from tierwatch.loop.capture.state import CaptureState


@pytest.mark.parametrize(
    ("alive", "behind_s", "trouble"),
    [
        (True, 0.0, ""),
        (True, 60.0, ""),
        (True, 60.6, "behind for 61 s"),
        (False, 0.0, "the writer does not run"),
        (False, 900.0, "the writer does not run"),
    ],
)
def test_trouble(*, alive: bool, behind_s: float, trouble: str) -> None:
    state = CaptureState(
        writer_alive=alive,
        caught_up_at=0.0,
        behind_s=behind_s,
        spool_bytes=0,
        dropped=0,
        dead_letters=0,
    )
    assert state.trouble == trouble
