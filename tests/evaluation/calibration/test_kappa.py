import math

import numpy as np
import pytest

from tierwatch.evaluation.calibration.judge_calibration import calibrate
from tierwatch.evaluation.calibration.kappa import VERDICTS


def test_kappas_error_is_fleiss_cohen_and_everitts() -> None:
    rng = np.random.default_rng(5)
    truth = rng.choice(VERDICTS, 2_000)
    judged = np.where(rng.random(2_000) < 0.7, truth, rng.choice(VERDICTS, 2_000))
    kappa = calibrate(judged, truth).kappa
    share = np.array([[np.mean((judged == a) & (truth == b)) for b in VERDICTS] for a in VERDICTS])
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    a, e = np.trace(share), rows @ columns
    # Their formula (13), written out.
    same = sum(share[i, i] * ((1 - e) - (rows[i] + columns[i]) * (1 - a)) ** 2 for i in range(3))
    apart = (1 - a) ** 2 * sum(
        share[i, j] * (columns[i] + rows[j]) ** 2 for i in range(3) for j in range(3) if i != j
    )
    error = math.sqrt((same + apart - (a * e - 2 * e + a) ** 2) / (2_000 * (1 - e) ** 4))
    assert (kappa.high - kappa.low) / 2 == pytest.approx(1.959964 * error, rel=2e-3)


@pytest.mark.parametrize(("n", "agree"), [(60, 0.6), (300, 0.9)])
def test_kappas_interval_covers(n: int, agree: float) -> None:
    # The judge copies the truth with chance `agree`, else draws from the same: that is kappa.
    rng = np.random.default_rng(n)
    covered = 0
    for _ in range(300):
        truth = rng.choice(VERDICTS, n, p=[0.2, 0.5, 0.3])
        other = rng.choice(VERDICTS, n, p=[0.2, 0.5, 0.3])
        kappa = calibrate(np.where(rng.random(n) < agree, truth, other), truth).kappa
        covered += kappa.low <= agree <= kappa.high
    # 95 % of 300 is 285; three standard errors of chance are 11.
    assert covered >= 274


def test_a_perfect_table_is_not_certain_of_itself() -> None:
    kappa = calibrate(["worse", "tie"] * 20, ["worse", "tie"] * 20).kappa
    assert (kappa.value, kappa.high) == (1.0, 1.0)
    assert 0.8 < kappa.low < 1.0
