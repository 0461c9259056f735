"""V1, V1b and V7 at full size: a rate of pairs, and streams that go on through changes elsewhere.

With one observation a conversation, its mean, the first shape alarmed falsely in 40 of 40 runs at
sample rate 1.0, and the harm was found in none of 40.
"""

import numpy as np
import pytest

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.outcome import MOST_TOGETHER, observed_together, pieces
from tierwatch.evaluation.simulation.adverse.conversations import Shape, alarm_pairs
from tierwatch.evaluation.simulation.adverse.policy_changes import (
    days_to_alarm,
    restarts,
    weekly_policies,
)

pytestmark = pytest.mark.slow

SINGLE_WORSE, LONGER_WORSE = Shape(1.2, 0.08, 0.05), Shape(2.0, 0.02, 0.05)
HARM = Shape(1.2, 0.01, 0.08)


@pytest.mark.parametrize("shape", [SINGLE_WORSE, LONGER_WORSE], ids=["single", "longer"])
@pytest.mark.parametrize("sampled", [1.0, 0.05])
def test_v1_losses_that_go_by_length_raise_no_false_alarm(shape: Shape, sampled: float) -> None:
    found = alarm_pairs(11, shape, sampled, runs=400, pairs=100_000)
    # 1 % of 400 runs are 4; 10 or more have chance .8 %.
    assert int((found <= 100_000).sum()) <= 9


@pytest.mark.parametrize("sampled", [1.0, 0.05])
def test_v1_harm_in_long_conversations_is_found_in_every_run(sampled: float) -> None:
    found = alarm_pairs(12, HARM, sampled, runs=200, pairs=20_000)
    assert (found <= 20_000).all()
    assert found.mean() <= 1_600


def test_v1b_correlation_inside_pieces_of_long_conversations() -> None:
    found = alarm_pairs(13, Shape(1.2, 0.05, 0.05), 1.0, runs=400, pairs=100_000, block=8)
    assert int((found <= 100_000).sum()) <= 9


def test_v1_with_the_installed_monitor_as_the_loop_feeds_it() -> None:
    """The report's reproduction, with weights of two phases, pair by pair."""
    rng = np.random.default_rng(14)
    false_alarms, delays = 0, []
    for shape, pairs in ((SINGLE_WORSE, 20_000), (HARM, 20_000)):
        for _ in range(20):
            monitor = MisrouteMonitor(0.05, max_weight=2.5, together=float(MOST_TOGETHER))
            alarm = _fed(monitor, rng, shape, pairs)
            if shape is HARM:
                delays.append(pairs if alarm is None else alarm)
            else:
                false_alarms += alarm is not None
    assert false_alarms <= 1
    assert max(delays) < 20_000
    assert np.mean(delays) <= 2_000


def _fed(
    monitor: MisrouteMonitor, rng: np.random.Generator, shape: Shape, pairs: int
) -> int | None:
    """After how many pairs it alarms; weights .59 and 1.27, their mean 1."""
    seen = 0
    while seen < pairs:
        length = int(min(rng.random() ** (-1 / shape.tail), 500))
        rate = shape.single if length == 1 else shape.longer
        losses = (rng.random(length) < rate).astype(float).tolist()
        weights = rng.choice([0.59, 1.27], size=length, p=[0.397, 0.603]).tolist()
        for piece in pieces(weights):
            seen += len(weights[piece])
            if monitor.update(*observed_together(losses[piece], weights[piece])):
                return seen
    return None


def test_v7_weekly_changes_of_another_tier_cost_nothing() -> None:
    on = days_to_alarm(15, restarts(weekly_policies("standard"), "simple"), runs=400)
    anew = days_to_alarm(15, [7], runs=400)
    assert on.mean() <= 20
    # At most 150 days are simulated: 138 or so without that end.
    assert anew.mean() > 90
