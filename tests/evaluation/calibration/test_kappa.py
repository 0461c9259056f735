import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.calibration.judge_calibration import calibrate
from tierwatch.evaluation.calibration.kappa import VERDICTS, kappa


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


def test_chance_agreement_alone_is_no_agreement() -> None:
    # Each verdict with each other: a = 1 / 3 and e = 1 / 3.
    pairs = [(said, known) for said in VERDICTS for known in VERDICTS] * 20
    found = kappa(pairs, 0.95)
    assert found.value == pytest.approx(0.0)
    assert found.low < 0 < found.high
    assert found.n == 180


def test_a_judge_that_is_always_wrong_is_below_chance() -> None:
    # a = 0, e = 1 / 2: (0 - .5) / .5
    found = kappa([("worse", "better"), ("better", "worse")] * 30, 0.95)
    assert found.value == -1.0
    assert found.low == -1.0


@pytest.mark.parametrize("pairs", [[], [("tie", "tie")], [("worse", "worse")] * 500])
def test_where_chance_agrees_as_well_nothing_is_known(pairs: list[tuple[str, str]]) -> None:
    found = kappa(pairs, 0.95)
    assert (found.value, found.low, found.high) == (None, -1.0, 1.0)
    assert "chance agrees as well" in found.method


@given(
    st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS)), max_size=50),
    st.permutations(VERDICTS),
)
def test_names_and_sides_of_the_verdicts_do_not_matter(
    pairs: list[tuple[str, str]], names: list[str]
) -> None:
    other = dict(zip(VERDICTS, names, strict=True))
    plain = kappa(pairs, 0.95)
    renamed = kappa([(other[said], other[known]) for said, known in pairs], 0.95)
    turned = kappa([(known, said) for said, known in pairs], 0.95)
    for found in (renamed, turned):
        assert (found.value is None) == (plain.value is None)
        if plain.value is not None:
            assert found.value == pytest.approx(plain.value)
            assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_a_higher_level_is_wider() -> None:
    pairs = [("worse", "worse")] * 30 + [("tie", "tie")] * 50 + [("worse", "tie")] * 20
    narrow, wide = kappa(pairs, 0.8), kappa(pairs, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_inconclusive_verdicts_lower_it_and_are_no_agreement_by_chance() -> None:
    sure = [("worse", "worse")] * 30 + [("tie", "tie")] * 30
    # a = 60 / 120; of the judge's words a quarter each are worse and tie, of the truth a half:
    # e = 1/4 x 1/2 + 1/4 x 1/2, (1/2 - 1/4) / (3/4)
    half = kappa([*sure, *[("inconclusive", "worse")] * 30, *[("inconclusive", "tie")] * 30], 0.95)
    assert half.value == pytest.approx(1 / 3)
    assert half.low < 1 / 3 < half.high
    never = kappa([("inconclusive", "tie"), ("inconclusive", "worse")] * 20, 0.95)
    assert never.value == 0.0
