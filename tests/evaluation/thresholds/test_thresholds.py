import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.gold import gold_needed
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold
from tierwatch.evaluation.thresholds.prediction import predicted_change
from tierwatch.evaluation.thresholds.spending import pairs_needed, spent_delta

nan = math.nan


def choose(
    confidences: object,
    losses: object,
    weights: object = None,
    *,
    alpha: float = 0.05,
    delta: float = 0.05,
    current: float = 0.5,
    step: float = 0.1,
    grid: float = 0.01,
    judge: JudgeErrors | None = None,
) -> ThresholdChoice:
    return choose_threshold(
        confidences,  # type: ignore[arg-type]  # some tests pass what is not a column
        losses,  # type: ignore[arg-type]  # as above
        weights,  # type: ignore[arg-type]  # as above
        alpha=alpha,
        delta=delta,
        current=current,
        step=step,
        grid=grid,
        judge=judge,
    )


def test_the_bound_of_equal_weights_is_the_exact_binomial() -> None:
    # 3 bad of 100 kept: Beta.ppf(.95, 4, 97) = .0757
    choice = choose([0.9] * 100, [1] * 3 + [0] * 97, [0.25] * 100, alpha=0.08)
    assert choice.bounds[0.6] == pytest.approx(stats.beta.ppf(0.95, 4, 97))
    assert choice.bounds[0.6] == pytest.approx(0.0757, abs=1e-4)
    assert choice.pairs[0.6] == 100


def test_the_bound_of_unequal_weights_is_fay_and_feuers() -> None:
    w = np.array([1.0] * 50 + [0.2] * 50)
    x = np.array([1.0] * 2 + [0.0] * 48 + [1.0] * 5 + [0.0] * 45)
    # y = (2 + 5 * .2) / 60 = .05, v = (2 + 5 * .04) / 3600 = .000611, m = 1 / 60
    y, v, m = 0.05, 2.2 / 3600, 1 / 60
    expected = stats.gamma.ppf(0.95, (y + m) ** 2 / (v + m**2), scale=(v + m**2) / (y + m))
    assert choose([0.9] * 100, x, w).bounds[0.6] == pytest.approx(expected)
    assert choose([0.9] * 100, x, w * 7).bounds[0.6] == pytest.approx(expected)


def test_equal_weights_are_judged_among_the_kept_pairs_only() -> None:
    choice = choose([0.9] * 100 + [0.1] * 10, [0] * 110, [1.0] * 100 + [0.5] * 10)
    assert choice.bounds[0.4] == pytest.approx(1 - 0.05 ** (1 / 100))
    mixed = choose([0.9] * 100 + [0.45] * 10, [0] * 110, [1.0] * 100 + [0.5] * 10)
    assert mixed.bounds[0.5] == pytest.approx(1 - 0.05 ** (1 / 100))
    # 105 effective weight, no loss: y = v = 0, m = 1 / 105: Gamma(1), -log(.05) / 105
    assert mixed.bounds[0.45] == pytest.approx(-math.log(0.05) / 105)


def test_a_fractional_loss_takes_the_weighted_bound() -> None:
    choice = choose([0.9] * 100, [0.5] + [0.0] * 99)
    # y = .005, v = .5 / 10,000, m = .01
    y, v, m = 0.005, 0.5e-4, 0.01
    expected = stats.gamma.ppf(0.95, (y + m) ** 2 / (v + m**2), scale=(v + m**2) / (y + m))
    assert choice.bounds[0.6] == pytest.approx(expected)


def test_the_loosest_certified_is_chosen_and_testing_stops_at_the_first_failure() -> None:
    choice = choose([0.9] * 200 + [0.47] * 40 + [0.44] * 100, [0] * 200 + [1] * 40 + [0] * 100)
    assert (choice.threshold, choice.certified, choice.direction) == (0.48, True, "lower")
    assert list(choice.bounds) == [cents / 100 for cents in range(60, 46, -1)]
    assert list(choice.pairs.values()) == [200] * 13 + [240]
    # Clean traffic at .44 would bring the bound down again; a fixed sequence does not look.
    assert all(bound <= 0.05 for bound in list(choice.bounds.values())[:-1])
    assert choice.bounds[0.47] > 0.05


def test_bad_traffic_above_the_present_threshold_raises_it_certified() -> None:
    choice = choose([0.9] * 200 + [0.53] * 40, [0] * 200 + [1] * 40)
    assert (choice.threshold, choice.certified, choice.direction) == (0.54, True, "raise")
    assert choice.exceeded


def test_a_failure_of_the_strictest_raises_as_far_as_the_step_allows_uncertified() -> None:
    choice = choose([0.9] * 300, [1] * 60 + [0] * 240)
    assert (choice.threshold, choice.certified, choice.direction) == (0.6, False, "raise")
    assert list(choice.bounds) == [0.6]
    assert choice.exceeded


def test_too_few_pairs_never_loosen_and_are_not_evidence_of_harm() -> None:
    choice = choose([0.9] * 58, [0] * 58)
    assert (choice.threshold, choice.certified, choice.exceeded) == (0.6, False, False)
    assert choose([0.9] * 59, [0] * 59).threshold == 0.4


def test_a_confidence_equal_to_the_threshold_is_kept() -> None:
    for cents in range(40, 61):
        confidence = cents / 100
        choice = choose([confidence] * 10 + [0.99] * 90, [1] * 10 + [0] * 90, alpha=0.06)
        last = list(choice.bounds)[-1]
        assert last == confidence


def test_no_pairs_at_all_propose_nothing() -> None:
    for weights in (None, []):
        choice = choose([], [], weights)
        assert (choice.threshold, choice.certified, choice.direction) == (None, False, "keep")
        assert dict(choice.bounds) == {0.6: 1.0}
        assert dict(choice.pairs) == {0.6: 0}
        assert not choice.exceeded


def test_no_pair_kept_by_any_candidate_proposes_nothing() -> None:
    assert choose([0.1] * 500, [0] * 500).threshold is None


def test_only_losses_and_only_ties() -> None:
    assert choose([0.9] * 500, [1] * 500).bounds[0.6] == 1.0
    assert choose([0.9] * 500, [0] * 500).threshold == 0.4
    assert choose([0.9] * 500, [1] * 500, [1, 2] * 250).bounds[0.6] == 1.0


def test_one_pair() -> None:
    choice = choose([0.9], [0])
    assert choice.bounds[0.6] == pytest.approx(0.95)
    assert not choice.certified


@pytest.mark.parametrize(
    ("current", "step", "grid", "expected"),
    [
        (0.5, 0.1, 0.01, (0.6, 0.4, 21)),
        (0.95, 0.1, 0.01, (1.0, 0.85, 16)),
        (0.0, 0.1, 0.01, (0.1, 0.0, 11)),
        (0.57, 0.0, 0.01, (0.57, 0.57, 1)),
        (0.29, 0.29, 0.01, (0.58, 0.0, 59)),
        (0.5, 0.1, 0.05, (0.6, 0.4, 5)),
        (0.5, 0.12, 0.05, (0.6, 0.4, 5)),
        (0.5, 1.0, 0.01, (1.0, 0.0, 101)),
        (0.7000000000000001, 0.1, 0.01, (0.8, 0.6, 21)),
    ],
)
def test_candidates_are_exact_hundredths_inside_the_step(
    current: float, step: float, grid: float, expected: tuple[float, float, int]
) -> None:
    choice = choose([1.0] * 500, [0] * 500, current=current, step=step, grid=grid)
    tested = list(choice.bounds)
    assert (tested[0], tested[-1], len(tested)) == expected
    assert all(threshold == round(threshold, 2) for threshold in tested)
    assert choice.threshold == tested[-1]


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(0, 1), st.sampled_from([0.0, 0.0, 0.0, 1.0]), st.sampled_from([0.2, 1.0])
        ),
        max_size=200,
    ),
    current=st.integers(0, 100),
    step=st.integers(0, 30),
)
def test_it_is_the_plain_loop(
    rows: list[tuple[float, float, float]], current: int, step: int
) -> None:
    c, x, w = (np.array([row[k] for row in rows]) for k in range(3))
    choice = choose(c, x, w, alpha=0.3, current=current / 100, step=step / 100)
    expected = None
    for cents in range(min(100, current + step), max(0, current - step) - 1, -1):
        kept = c >= cents / 100
        bound = _plain_bound(x[kept], w[kept])
        assert choice.bounds[cents / 100] == pytest.approx(bound)
        assert choice.pairs[cents / 100] == kept.sum()
        if bound > 0.3:
            break
        expected = cents / 100
    assert choice.certified == (expected is not None)
    if choice.certified:
        assert choice.threshold == expected
    elif choice.threshold is not None:
        assert choice.threshold == min(100, current + step) / 100


def _plain_bound(x: np.ndarray, w: np.ndarray) -> float:
    if x.size == 0:
        return 1.0
    if np.ptp(w) == 0:
        return 1.0 if x.all() else float(stats.beta.ppf(0.95, x.sum() + 1, x.size - x.sum()))
    y, v, m = (w @ x) / w.sum(), (w**2 @ x) / w.sum() ** 2, w.max() / w.sum()
    upper = stats.gamma.ppf(0.95, (y + m) ** 2 / (v + m**2), scale=(v + m**2) / (y + m))
    return min(1.0, float(upper))


def test_certificates_are_wrong_at_most_as_often_as_delta() -> None:
    # Everything at one confidence with risk .06 > alpha: a certificate is always wrong.
    rng = np.random.default_rng(2)
    wrong = sum(
        choose([0.9] * 400, rng.random(400) < 0.06, delta=0.1, step=0.0).certified
        for _ in range(500)
    )
    # At most 50 expected at risk .05 exactly; fewer above.
    assert 1 <= wrong <= 50


@pytest.mark.parametrize(
    ("confidences", "losses", "weights", "words"),
    [
        ([0.5], [0, 1], None, "2 losses for 1 pairs"),
        ([0.5, 0.6], [0, 1], [1.0], "1 weights for 2 pairs"),
        ([math.nan], [0], None, "confidences"),
        ([1.2], [0], None, "confidences"),
        ([0.5], [math.nan], None, "losses"),
        ([0.5], [1.5], None, "losses"),
        ([0.5], [-1], None, "losses"),
        ([0.5], ["worse"], None, "not numbers"),
        ([[0.5]], [[0]], None, "one-dimensional"),
        ([0.5, 0.5], [0, 0], [1.0, 0.0], "weights"),
        ([0.5, 0.5], [0, 0], [0.0, 0.0], "weights"),
        ([0.5], [0], [-1.0], "weights"),
        ([0.5], [0], [math.inf], "weights"),
        ([0.5], [0], [math.nan], "weights"),
    ],
)
def test_columns_that_void_the_guarantee_are_refused(
    confidences: object, losses: object, weights: object, words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        choose(confidences, losses, weights)


@pytest.mark.parametrize(
    "argument",
    [
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"alpha": math.nan},
        {"delta": 0.0},
        {"delta": 1.0},
        {"current": 1.1},
        {"current": math.nan},
        {"step": -0.1},
        {"step": math.inf},
        {"grid": 0.0},
        {"grid": 0.015},
        {"grid": 0.001},
    ],
)
def test_arguments_off_their_range_are_refused(argument: dict[str, float]) -> None:
    with pytest.raises(EvidenceError, match=next(iter(argument))):
        choose([0.5], [0], **argument)


def test_a_judges_errors_show_their_arithmetic() -> None:
    # 7 of 400 kept pairs flagged; 170 of 200 bad gold pairs caught, 198 of 200 good ones cleared.
    judge = JudgeErrors(caught=170, bad=200, cleared=198, good=200)
    choice = choose([0.9] * 400, [1] * 7 + [0] * 393, judge=judge)
    third = 0.05 / 3
    q = stats.beta.ppf(1 - third, 8, 393)
    s, f = stats.beta.ppf(third, 170, 31), stats.beta.ppf(third, 2, 199)
    assert choice.bounds[0.6] == pytest.approx((q - f) / (s - f))
    # 0.0374, 0.788 and 0.0010: the true rate is at most 0.0464.
    assert choice.bounds[0.6] == pytest.approx(0.0464, abs=1e-4)
    assert choice.certified
    assert choose([0.9] * 400, [1] * 7 + [0] * 393).bounds[0.6] < 0.035


def test_a_judge_known_to_be_perfect_costs_only_its_share_of_delta() -> None:
    judge = JudgeErrors(1e9, 1e9, 1e9, 1e9)
    choice = choose([0.9] * 400, [1] * 8 + [0] * 392, judge=judge)
    assert choice.bounds[0.6] == pytest.approx(stats.beta.ppf(1 - 0.05 / 3, 9, 392), rel=1e-6)


def test_a_weighted_flagged_rate_is_corrected_too() -> None:
    w = [1.0] * 200 + [0.2] * 200
    judge = JudgeErrors(95, 100, 100, 100)
    sure = choose([0.9] * 400, [0, 1] + [0] * 398, w, delta=0.05 / 3).bounds[0.6]
    corrected = choose([0.9] * 400, [0, 1] + [0] * 398, w, judge=judge).bounds[0.6]
    assert corrected == pytest.approx(sure / stats.beta.ppf(0.05 / 3, 95, 6))


def test_a_judge_without_bad_gold_pairs_certifies_nothing_and_says_so() -> None:
    for judge in (JudgeErrors(0, 0, 0, 0), JudgeErrors(0, 0, 9, 9)):
        choice = choose([0.9] * 5_000, [0] * 5_000, judge=judge)
        assert (choice.certified, choice.exceeded, choice.bounds[0.6]) == (False, False, 1.0)
        assert "gold pairs of both kinds" in choice.reason


def test_without_good_gold_pairs_every_flag_is_taken_for_bad() -> None:
    judge = JudgeErrors(95, 100, 0, 0)
    choice = choose([0.9] * 400, [1] * 4 + [0] * 396, judge=judge)
    q, s = stats.beta.ppf(1 - 0.05 / 3, 5, 396), stats.beta.ppf(0.05 / 3, 95, 6)
    assert choice.bounds[0.6] == pytest.approx(q / s)
    # And may be false alarms, all of them, when harm is to be shown.
    assert not choose([0.9] * 400, [1] * 390 + [0] * 10, judge=judge).exceeded


def test_a_judge_no_better_than_chance_neither_certifies_nor_accuses() -> None:
    judge = JudgeErrors(caught=20, bad=100, cleared=60, good=100)
    for losses in ([0] * 500, [1] * 150 + [0] * 350):
        choice = choose([0.9] * 500, losses, judge=judge)
        assert (choice.certified, choice.exceeded) == (False, False)
    assert "tells bad pairs from good" in choice.reason


def test_flags_that_false_alarms_explain_are_not_evidence_of_harm() -> None:
    flags = [1] * 60 + [0] * 440
    assert choose([0.9] * 500, flags).exceeded
    # 10 % false alarms: 12 % flagged is no proof of 5 % bad.
    assert not choose([0.9] * 500, flags, judge=JudgeErrors(80, 100, 90, 100)).exceeded
    assert choose([0.9] * 500, flags, judge=JudgeErrors(800, 1_000, 999, 1_000)).exceeded


def test_with_a_judge_fractional_losses_are_refused() -> None:
    with pytest.raises(EvidenceError, match="0 or 1"):
        choose([0.9], [0.5], judge=JudgeErrors(1, 1, 1, 1))


@pytest.mark.parametrize(
    "counts", [(2, 1, 0, 0), (0, 0, 2, 1), (-1, 1, 0, 0), (nan, 1, 1, 1), (1, 1, 1, math.inf)]
)
def test_gold_counts_that_are_none_are_refused(counts: tuple[float, ...]) -> None:
    with pytest.raises(EvidenceError, match="gold pairs"):
        JudgeErrors(*counts)


def test_the_reason_names_the_bound_and_what_it_takes() -> None:
    certified = choose([0.9] * 200, [0] * 200)
    # 1 - .05 ** (1 / 200) = .0149, of a sequence that did not have to share delta
    assert certified.reason.startswith("at 0.4 the misroute rate is at most 0.0149, from 200 pairs")
    # log(.05) / log(.95) = 58.4
    assert "fewer than 59 pairs never suffice" in choose([0.9] * 30, [0] * 30).reason
    assert "more pairs, or fewer losses" in choose([0.9] * 300, [1] * 30 + [0] * 270).reason
    assert "more pairs" in choose([0.9] * 9, [0] * 9, [1, 2, 3] * 3).reason
    assert choose([], []).reason.startswith("no pair is kept at 0.6")
    judged = choose([0.9] * 2_000, [1] * 50 + [0] * 1_950, judge=JudgeErrors(70, 100, 100, 100))
    assert "gold pairs would do, 200 there are" in judged.reason
    hopeless = choose([0.9] * 2_000, [1] * 80 + [0] * 1_920, judge=JudgeErrors(70, 100, 100, 100))
    assert "more pairs" in hopeless.reason


def test_the_gold_needed_certifies_and_one_pair_fewer_does_not() -> None:
    judge, losses = JudgeErrors(70, 100, 100, 100), [1] * 50 + [0] * 1_950
    flagged = float(stats.beta.ppf(1 - 0.05 / 3, 51, 1_950))
    total = gold_needed(judge, flagged, alpha=0.05, delta=0.05)
    assert total is not None
    assert total > 200
    for gold, certified in ((total, True), (total - 1, False)):
        half = gold / 2
        counts = JudgeErrors(0.7 * half, half, half, half)
        assert choose([0.9] * 2_000, losses, judge=counts, step=0).certified == certified


def test_the_gold_needed_is_none_where_none_would_do() -> None:
    # 5 % bad at sensitivity .7 is 3.5 % flagged; above it no gold helps.
    for upper, known in ((0.0345, True), (0.0351, False)):
        needed = gold_needed(JudgeErrors(70, 100, 100, 100), upper, alpha=0.05, delta=0.05)
        assert (needed is not None) == known
    for judge in (JudgeErrors(0, 0, 9, 9), JudgeErrors(9, 9, 0, 0), JudgeErrors(1, 9, 1, 9)):
        assert gold_needed(judge, 0.01, alpha=0.05, delta=0.05) is None
    for bad in ({"alpha": 0.0}, {"delta": 1.0}, {"alpha": nan}):
        with pytest.raises(EvidenceError, match="alpha and delta"):
            gold_needed(JudgeErrors(1, 1, 1, 1), 0.1, **({"alpha": 0.05, "delta": 0.05} | bad))


def test_judged_certificates_are_not_wrong_in_a_short_simulation() -> None:
    # Bar T5 reduced: risk .06 at sensitivity .7 shows as .045, which uncorrected certifies .05.
    rng = np.random.default_rng(12)
    wrong = uncorrected = 0
    for _ in range(100):
        flagged = rng.random(10_000) < 0.06 * 0.7 + 0.94 * 0.003
        judge = JudgeErrors(rng.binomial(100, 0.7), 100, rng.binomial(100, 0.997), 100)
        wrong += choose([0.9] * 10_000, flagged, step=0, judge=judge).certified
        uncorrected += choose([0.9] * 10_000, flagged, step=0).certified
    assert wrong <= 5
    assert uncorrected >= 50


def test_spent_deltas_add_up_to_delta() -> None:
    spent = [spent_delta(0.05, k) for k in range(10_000)]
    assert spent[0] == pytest.approx(0.025)
    assert 0.0499 < sum(spent) < 0.05


@pytest.mark.parametrize(("delta", "k"), [(0.0, 0), (1.0, 0), (math.nan, 0), (0.05, -1)])
def test_a_delta_that_cannot_be_spent_is_refused(delta: float, k: int) -> None:
    with pytest.raises(EvidenceError):
        spent_delta(delta, k)


@pytest.mark.parametrize(("alpha", "delta"), [(0.05, 0.05), (0.4, 0.05), (0.01, 0.001)])
def test_pairs_needed_is_the_fewest_that_certify(alpha: float, delta: float) -> None:
    n = pairs_needed(alpha, delta)
    assert choose([0.9] * n, [0] * n, alpha=alpha, delta=delta).certified
    assert not choose([0.9] * (n - 1), [0] * (n - 1), alpha=alpha, delta=delta).certified


def test_pairs_needed_refuses_an_alpha_of_zero() -> None:
    with pytest.raises(EvidenceError):
        pairs_needed(0.0, 0.05)


def test_predicted_change_shows_the_arithmetic() -> None:
    c = [0.8] * 60 + [0.5] * 40
    x = [0] * 57 + [1] * 3 + [0] * 30 + [1] * 10
    lower = predicted_change(c, x, None, current=0.7, proposed=0.4, cost_low=1, cost_high=3)
    assert lower.misroute.value == pytest.approx(13 / 100)
    assert lower.kept.value == 1.0
    # Cost now 60 * 1 + 40 * 3 = 180, then 100: -80 / 180
    assert lower.cost_change.value == pytest.approx(-80 / 180)
    assert -1 < lower.cost_change.low < -80 / 180 < lower.cost_change.high < 0
    higher = predicted_change(c, x, None, current=0.4, proposed=0.7, cost_low=1, cost_high=3)
    assert higher.misroute.value == pytest.approx(3 / 60)
    assert higher.misroute.n == 60
    # Cost now 100, then 180: +80 %
    assert higher.cost_change.value == pytest.approx(0.8)
    assert higher.cost_change.low < 0.8 < higher.cost_change.high


def test_predicted_change_weighs_pairs() -> None:
    # Weight 1 keeps 60 of 60 + 4 * 40 = 220; 160 of 220 move.
    change = predicted_change(
        [0.8] * 60 + [0.5] * 40,
        [0] * 100,
        [1] * 60 + [4] * 40,
        current=0.7,
        proposed=0.4,
        cost_low=1,
        cost_high=3,
    )
    # (60 + 480) now, 220 then
    assert change.cost_change.value == pytest.approx(220 / 540 - 1)


def test_predicted_change_covers_the_truth() -> None:
    # c uniform, .7 -> .5 at costs 1 and 3: share moved .2, cost now .3 + 2.1 = 2.4: -.4 / 2.4
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(300):
        c = rng.random(200)
        change = predicted_change(
            c, rng.random(200) < 0.1, None, current=0.7, proposed=0.5, cost_low=1, cost_high=3
        ).cost_change
        covered += change.low <= -1 / 6 <= change.high
    assert covered >= 285


def test_predicted_change_without_pairs_is_unknown() -> None:
    change = predicted_change([], [], None, current=0.7, proposed=0.4, cost_low=1, cost_high=4)
    assert change.misroute.value is None
    assert change.kept.value is None
    assert change.cost_change.value is None
    # All traffic from the higher to the lower tier: 1 / 4 - 1
    assert (change.cost_change.low, change.cost_change.high) == (-0.75, 0.0)
    up = predicted_change([], [], None, current=0.4, proposed=0.7, cost_low=1, cost_high=4)
    # All of it the other way: 4 / 1 - 1
    assert (up.cost_change.low, up.cost_change.high) == (0.0, 3.0)


def test_predicted_change_to_the_same_threshold_is_none() -> None:
    change = predicted_change(
        [0.8] * 50, [0] * 50, None, current=0.7, proposed=0.7, cost_low=1, cost_high=3
    ).cost_change
    assert (change.value, change.low, change.high) == (0.0, 0.0, 0.0)


def test_predicted_change_from_a_free_tier_has_no_relative_value() -> None:
    change = predicted_change(
        [0.8] * 50, [0] * 50, None, current=0.7, proposed=0.9, cost_low=0, cost_high=2
    ).cost_change
    assert change.value is None
    assert 0 < change.low < change.high < math.inf


def test_predicted_change_towards_a_dearer_lower_tier_turns_its_sign() -> None:
    # 60 * 3 + 40 * 1 = 220 now; 300 when all is kept on the dearer tier.
    change = predicted_change(
        [0.8] * 60 + [0.5] * 40, [0] * 100, None, current=0.7, proposed=0.4, cost_low=3, cost_high=1
    ).cost_change
    assert change.value == pytest.approx(80 / 220)
    assert 0 < change.low < 80 / 220 < change.high <= 2


def test_predicted_change_of_free_tiers_is_unknown() -> None:
    change = predicted_change(
        [0.8] * 50, [0] * 50, None, current=0.7, proposed=0.6, cost_low=0, cost_high=0
    ).cost_change
    assert change.value is None
    assert "nothing" in change.method


@pytest.mark.parametrize(
    "argument",
    [
        {"current": -0.1},
        {"proposed": 1.1},
        {"cost_low": -1.0},
        {"cost_high": math.inf},
        {"cost_high": math.nan},
        {"level": 1.0},
    ],
)
def test_predicted_change_refuses_bad_arguments(argument: dict[str, float]) -> None:
    good = {"current": 0.7, "proposed": 0.6, "cost_low": 1.0, "cost_high": 3.0}
    with pytest.raises(EvidenceError, match=next(iter(argument))):
        predicted_change([0.5], [0], None, **(good | argument))


def test_a_weight_above_its_declared_cap_is_refused_and_one_at_it_changes_nothing() -> None:
    c, x, w = [0.9] * 100, [1] * 3 + [0] * 97, [2.0] * 50 + [1.5] * 50
    free = choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1)
    capped = choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1, max_weight=2.0)
    assert capped == free
    with pytest.raises(EvidenceError, match=r"weights must all lie in \[0, 1.9"):
        choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1, max_weight=1.9)
    for cap in (0.0, -1.0, math.inf, nan):
        with pytest.raises(EvidenceError, match="max_weight"):
            choose_threshold(c, x, w, alpha=0.1, delta=0.05, current=0.5, step=0.1, max_weight=cap)
