import numpy as np
import pytest
from factories.certified import choose
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors


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


def test_the_reason_names_the_bound_and_what_it_takes() -> None:
    certified = choose([0.9] * 200, [0] * 200)
    # 1 - .05 ** (1 / 200) = .0149, of a sequence that did not have to share delta
    assert certified.reason.startswith("at 0.40 the misroute rate is at most 1.5 %, from 200 pairs")
    # log(.05) / log(.95) = 58.4
    assert "fewer than 59 pairs never suffice" in choose([0.9] * 30, [0] * 30).reason
    assert "more pairs, or fewer losses" in choose([0.9] * 300, [1] * 30 + [0] * 270).reason
    assert "more pairs" in choose([0.9] * 9, [0] * 9, [1, 2, 3] * 3).reason
    assert choose([], []).reason.startswith("no pair is kept at 0.6")
    judged = choose([0.9] * 2_000, [1] * 50 + [0] * 1_950, judge=JudgeErrors(70, 100, 100, 100))
    assert "gold pairs would do, 200 there are" in judged.reason
    hopeless = choose([0.9] * 2_000, [1] * 80 + [0] * 1_920, judge=JudgeErrors(70, 100, 100, 100))
    assert "more pairs" in hopeless.reason


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
