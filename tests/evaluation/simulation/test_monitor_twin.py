"""The numpy twin is the installed monitor, stream by stream."""

import numpy as np
import pytest

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.simulation.monitor_twin import MonitorTwin


@pytest.mark.parametrize("tolerance", [0.01, 0.05, 0.4, 0.85])
def test_the_twin_is_the_monitor(tolerance: float) -> None:
    rng = np.random.default_rng(3)
    monitors = [MisrouteMonitor(tolerance, level=1e4) for _ in range(3)]
    twin = MonitorTwin(tolerance, 3, level=1e4)
    ever = np.zeros(3, dtype=np.bool_)
    rates = np.array([0.5, 1.0, 3.0]) * tolerance
    for _ in range(1_500):
        losses = (rng.random(3) < rates).astype(np.float64)
        over = [monitor.update(float(x)) for monitor, x in zip(monitors, losses, strict=True)]
        assert twin.update(losses - tolerance).tolist() == over
        ever |= over
        assert twin.statistic == pytest.approx([monitor.statistic for monitor in monitors])
    assert twin.alarmed.tolist() == ever.tolist()
    assert ever[2] or tolerance > 0.5
