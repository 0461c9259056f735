"""The local classifier: what it learns, what it refuses, and that it stays the same."""

import math
import random
import threading
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from factories.prompts import EASY, HARD, PLAIN, confident, judged, prompt, taught
from factories.types import types_of
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ArtefactError, EvidenceError
from tierwatch.routing.classify.artefact import open_sealed, seal
from tierwatch.routing.classify.familiarity.ends import end_words
from tierwatch.routing.classify.features import hashed_words
from tierwatch.routing.classify.local import WORDS_FROM, LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.classify.type_offsets import TypeOffsets
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier


def test_it_learns_the_telling_words() -> None:
    classifier = taught(6_000)
    chance = random.Random(9)
    hard = [classifier.predict(prompt(chance, HARD))[0] for _ in range(200)]
    easy = [classifier.predict(prompt(chance, EASY))[0] for _ in range(200)]
    # Of hard prompts 90 % were judged worse, of easy ones 10 %.
    assert sum(hard) / 200 == pytest.approx(0.9, abs=0.08)
    assert sum(easy) / 200 == pytest.approx(0.1, abs=0.08)


def test_both_directions_are_learned() -> None:
    classifier = LocalClassifier()
    for _ in range(300):
        classifier.learn("translate this poem", "better")
        classifier.learn("prove this bound", "worse")
    higher, lower = classifier.predict("translate this poem")
    assert lower > 0.7
    assert higher < 0.1


def test_before_200_pairs_only_the_form_decides() -> None:
    classifier = LocalClassifier()
    for _ in range(WORDS_FROM - 1):
        classifier.learn("prove it now", "worse")
    # Same length, lines, digits: the words differ and must not matter yet.
    assert classifier.predict("prove it now") == classifier.predict("spell my nam")
    classifier.learn("prove it now", "worse")
    assert classifier.pairs == WORDS_FROM
    assert classifier.predict("prove it now") != classifier.predict("spell my nam")


def test_with_no_pairs_it_trusts_no_cheap_tier_and_trust_is_earned() -> None:
    assert LocalClassifier().predict("anything") == pytest.approx((0.45, 0.07))
    names = [tier.name for tier in TIERS]
    untrained = LocalTierClassifier(
        names, {"simple": LocalClassifier(), "standard": LocalClassifier()}
    )
    policies = ActivePolicies(Policy(1, {"simple": 0.7, "standard": 0.7}))
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    assert Router(TIERS, untrained, policies, "complex").route(asked).tier == "complex"
    classifier = LocalClassifier()
    seen = []
    for _ in range(5):
        for _ in range(30):
            classifier.learn("What is the capital of France?", "tie")
        seen.append(classifier.predict("What is the capital of France?")[0])
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 0.15


def test_a_weight_of_three_is_nearly_three_pairs() -> None:
    once, thrice = LocalClassifier(), LocalClassifier()
    chance = random.Random(3)
    for text, verdict in judged(600, seed=3):
        copies = chance.choice([1, 3])
        once.learn(text, verdict, float(copies))
        for _ in range(copies):
            thrice.learn(text, verdict)
    apart = [abs(once.predict(t)[0] - thrice.predict(t)[0]) for t, _ in judged(200, seed=4)]
    assert sum(apart) / len(apart) < 0.12


@pytest.mark.parametrize("verdict", ["", "WORSE", "unscored", None, 1])
def test_another_verdict_is_refused_and_nothing_learned(verdict: Any) -> None:
    classifier = taught(300)
    before = classifier.to_bytes()
    with pytest.raises(EvidenceError, match="accepted: worse, tie, better"):
        classifier.learn("x", verdict)
    assert classifier.to_bytes() == before


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_another_weight_is_refused_and_nothing_learned(weight: float) -> None:
    classifier = LocalClassifier()
    before = classifier.to_bytes()
    with pytest.raises(EvidenceError, match="a number above 0"):
        classifier.learn("x", "tie", weight)
    with pytest.raises(EvidenceError, match="a number above 0"):
        classifier.imitate("x", (0.1, 0.1), weight)
    with pytest.raises(EvidenceError, match="two numbers from 0 to 1"):
        classifier.imitate("x", (0.1, 1.5))
    assert classifier.to_bytes() == before


def test_fit_refuses_what_does_not_fit_together_and_keeps_what_it_knew() -> None:
    classifier = taught(300)
    before = classifier.to_bytes()
    with pytest.raises(EvidenceError, match="found 2 texts, 1 verdicts; accepted: as many"):
        classifier.fit(["a", "b"], ["tie"])
    with pytest.raises(EvidenceError, match="and 2 weights"):
        classifier.fit(["a"], ["tie"], weights=[1.0, 2.0])
    with pytest.raises(EvidenceError, match="verdict"):
        classifier.fit(["a", "b"], ["tie", "bad"])
    assert classifier.to_bytes() == before


def test_fit_forgets_what_was_and_fits_unseen_pairs_no_worse_than_learning_as_they_come() -> None:
    pairs, unseen = judged(1_500), judged(500, seed=2)
    online = LocalClassifier()
    for text, verdict in pairs:
        online.learn(text, verdict)
    texts, verdicts = zip(*pairs, strict=True)
    fitted = taught(300, seed=9).fit(texts, verdicts)
    assert fitted.to_bytes() == taught(1_500).to_bytes()
    assert fitted.pairs == online.pairs == 1_500

    def log_loss(one: LocalClassifier) -> float:
        chances = ((one.predict(text)[0], verdict == "worse") for text, verdict in unseen)
        return -sum(math.log(p if worse else 1 - p) for p, worse in chances) / len(unseen)

    assert log_loss(fitted) <= log_loss(online) + 0.005


def test_a_fit_leans_on_the_last_pairs_no_more_than_on_the_first() -> None:
    # An online pass ends on its last pairs: here all judged "worse", whatever they ask.
    pairs = judged(800) + [(text, "worse") for text, _ in judged(100, seed=3)]
    texts, verdicts = zip(*pairs, strict=True)
    there = LocalClassifier().fit(texts, verdicts)
    back = LocalClassifier().fit(texts[::-1], verdicts[::-1])
    for text, _ in judged(100, seed=2):
        assert there.predict(text) == pytest.approx(back.predict(text), abs=1e-6)


def test_a_fit_is_calibrated_on_all_its_pairs() -> None:
    # Of 3,000 pairs whose words say nothing 2,000 were judged worse one time in ten, then 1,000
    # one time in two: (200 + 500) / 3,000 = .233. The last 1,000 alone would say .5.
    chance = random.Random(5)
    texts = [" ".join(chance.choices(PLAIN, k=12)) for _ in range(3_000)]
    rates = [0.1] * 2_000 + [0.5] * 1_000
    verdicts = ["worse" if chance.random() < rate else "tie" for rate in rates]
    classifier = LocalClassifier().fit(texts, verdicts)
    fresh = [" ".join(chance.choices(PLAIN, k=12)) for _ in range(300)]
    assert sum(classifier.predict(t)[0] for t in fresh) / 300 == pytest.approx(0.233, abs=0.04)


def test_a_teacher_is_imitated_on_prompts_nobody_judged() -> None:
    teacher = taught(2_000, seed=5)
    texts, verdicts = zip(*judged(250, seed=6, flip=0.4), strict=True)
    unlabelled = [text for text, _ in judged(3_000, seed=7)]
    alone = LocalClassifier().fit(texts, verdicts)
    student = LocalClassifier().fit(texts, verdicts, unlabelled, teacher=teacher.predict)
    assert student.pairs == alone.pairs == 250
    fresh = [text for text, _ in judged(300, seed=8)]

    # Of how far chances lie apart the most is calibration, which the same 250 pairs give to both.
    said = [teacher.predict(text)[0] for text in fresh]

    def disagreements(one: LocalClassifier) -> int:
        """Of all two prompts, those that it ranks otherwise than the teacher."""
        own = [one.predict(text)[0] for text in fresh]
        pairs = combinations(zip(own, said, strict=True), 2)
        return sum((a - c) * (b - d) < 0 for (a, b), (c, d) in pairs)

    # Measured .36 to .52 with five seeds.
    assert disagreements(student) < 0.6 * disagreements(alone)


def test_a_classifier_sure_of_everything_is_pulled_back_by_its_calibration() -> None:
    # Words that say nothing: an uncalibrated model would trust what it has memorised.
    chance = random.Random(11)
    vocabulary = [f"w{n}" for n in range(3_000)]

    def random_pair() -> tuple[str, str]:
        return " ".join(chance.choices(vocabulary, k=15)), chance.choice(["worse", "tie"])

    classifier = LocalClassifier()
    for _ in range(2_000):
        classifier.learn(*random_pair())
    chances = [classifier.predict(random_pair()[0])[0] for _ in range(500)]
    # The truth is .5 for each. Brier's score of a coin is .25; spread around .5 costs its square.
    assert sum((p - 0.5) ** 2 for p in chances) / 500 < 0.01


@given(st.text(max_size=300))
def test_chances_are_chances_whatever_is_asked(text: str) -> None:
    higher, lower = TAUGHT.predict(text)
    assert 0 <= higher <= 1
    assert 0 <= lower <= 1
    assert higher + lower <= 1 + 1e-9


TAUGHT = taught(400)
CONFIDENT = confident()


def test_extreme_weights_and_repeats_stay_finite() -> None:
    classifier = LocalClassifier()
    for n in range(500):
        classifier.learn("same words again", "worse" if n % 2 else "better", 1e6)
    assert all(math.isfinite(chance) for chance in classifier.predict("same words again"))
    LocalClassifier.from_bytes(classifier.to_bytes())


def test_an_artefact_gives_the_same_classifier_back_and_learning_goes_on() -> None:
    pairs = judged(700)
    whole = LocalClassifier()
    for text, verdict in pairs[:350]:
        whole.learn(text, verdict)
    restored = LocalClassifier.from_bytes(whole.to_bytes())
    for text, verdict in pairs[350:]:
        whole.learn(text, verdict)
        restored.learn(text, verdict)
    assert restored.to_bytes() == whole.to_bytes()
    assert len(whole.to_bytes()) <= 1024 * 1024


def test_a_file_is_written_whole_and_read_back(tmp_path: Path) -> None:
    TAUGHT.save(tmp_path / "model")
    assert LocalClassifier.load(tmp_path / "model").to_bytes() == TAUGHT.to_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_corrupt_or_foreign_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"\x80\x04not a model")
    with pytest.raises(ArtefactError, match="model: local classifier: found something else"):
        LocalClassifier.load(path)
    changed = bytearray(TAUGHT.to_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(ArtefactError, match="model: local classifier: the checksum"):
        LocalClassifier.load(path)
    with pytest.raises(ArtefactError, match="No such file"):
        LocalClassifier.load(tmp_path / "none")


def resealed(change: Callable[[Any, Any], tuple[Any, Any]]) -> bytes:
    header, numbers = open_sealed("local classifier", TAUGHT.to_bytes())
    return seal("local classifier", *change(header, numbers))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h, n: (h | {"features": "words-0"}, [n]), "features: found 'words-0'"),
        (lambda h, n: (h | {"format": 99}, [n]), "format: found 99"),
        (lambda h, n: (h | {"buckets": 7}, [n]), "buckets: found 7"),
        (lambda h, n: (h, [n[:-1]]), "too few"),
        (lambda h, n: (h, [n, n[:3]]), "3 numbers too many"),
        (lambda h, n: (h, [n[:-1], type(n)("f", [math.nan])]), "not finite"),
        (lambda h, n: ({k: v for k, v in h.items() if k != "pairs"}, [n]), "header cannot be read"),
        (lambda h, n: (h | {"sigmoids": [[1]]}, [n]), "header cannot be read"),
        (lambda h, n: (h | {"recent": [[1, 2]]}, [n]), "header cannot be read"),
    ],
)
def test_a_sealed_artefact_of_other_rules_is_refused(change: Any, said: str) -> None:
    with pytest.raises(ArtefactError, match=said):
        LocalClassifier.from_bytes(resealed(change))


def test_many_threads_may_predict_at_once() -> None:
    texts = [text for text, _ in judged(300, seed=12)]
    alone = [TAUGHT.predict(text) for text in texts]
    seen = []

    def predict() -> None:
        seen.append([TAUGHT.predict(text) for text in texts])  # fmt: skip

    threads = [threading.Thread(target=predict) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [alone] * 8


TIERS = tuple(
    Tier(name, f"{name}-1", "", Price(usd, usd))
    for name, usd in (("simple", 0.25), ("standard", 3.0), ("complex", 15.0))
)


TYPES = types_of("prove", "capital")


OFFSETS = TypeOffsets(TYPES.version, {"prove": (0.8, -0.5)})


def with_offsets(offsets: TypeOffsets = OFFSETS) -> LocalClassifier:
    carrier = LocalClassifier.from_bytes(CONFIDENT.to_bytes())
    carrier.type_offsets = offsets
    return carrier


def odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


def test_an_offset_is_added_to_the_log_odds_of_its_type_alone() -> None:
    text = "prove the capital"  # both words, so the first type
    plain, moved = CONFIDENT.predict(text), with_offsets().predict(text, TYPES)
    assert TYPES.assign(text) == "prove"
    assert [odds(chance) for chance in moved] == [
        pytest.approx(odds(plain[0]) + 0.8),
        pytest.approx(odds(plain[1]) - 0.5),
    ]
    assert CONFIDENT.log_odds(text) == pytest.approx([odds(chance) for chance in plain])
    assert with_offsets().log_odds(text) == CONFIDENT.log_odds(text)
    other = "the capital of France"
    assert with_offsets().predict(other, TYPES) == CONFIDENT.predict(other)


def test_an_offset_counts_under_the_version_of_types_it_was_learned_for() -> None:
    text, carrier = "prove the integral of this", with_offsets()
    plain = CONFIDENT.predict(text)
    assert carrier.predict(text, TYPES) != plain
    for other in (None, types_of("prove", "capital", version=TYPES.version + 1)):
        assert carrier.predict(text, other) == plain
        assert not carrier.offsets_under(other)


def test_offsets_are_saved_with_the_state_they_belong_to_and_learning_gives_them_up() -> None:
    carrier = LocalClassifier.from_bytes(with_offsets().to_bytes())
    assert carrier.type_offsets == OFFSETS
    assert carrier.predict("prove it", TYPES) == with_offsets().predict("prove it", TYPES)
    carrier.learn("prove it", "worse")
    assert carrier.type_offsets is None
    assert b"type_offsets" not in carrier.to_bytes()
    imitating = with_offsets()
    imitating.imitate("prove it", (0.5, 0.1))
    assert imitating.type_offsets is None
    fitted = with_offsets().fit(["a", "b"], ["tie", "worse"])
    assert fitted.type_offsets is None


def test_where_no_words_decide_yet_nothing_is_added() -> None:
    few = LocalClassifier()
    for _ in range(199):
        few.learn("prove it", "worse")
    assert few.log_odds("prove it") is None
    few.type_offsets = OFFSETS
    assert few.predict("prove it", TYPES) == few.predict("prove it")
    few.learn("prove it", "worse")
    assert few.log_odds("prove it") is not None


def test_an_artefact_with_odd_offsets_is_refused() -> None:
    header, numbers = open_sealed("local classifier", CONFIDENT.to_bytes())
    for odd in ({"types_version": 0, "by_type": {}}, [], {"types_version": 1}, None):
        with pytest.raises(ArtefactError, match="type offsets: "):
            LocalClassifier.from_bytes(
                seal("local classifier", header | {"type_offsets": odd}, [numbers])
            )


def test_what_was_judged_is_familiar_however_it_was_learned_and_after_it_was_stored() -> None:
    pairs = judged(600, seed=21)
    online, batch = LocalClassifier(), LocalClassifier()
    for pair in pairs:
        online.learn(*pair)
    batch.fit(*zip(*pairs, strict=True))
    words = [
        end_words(hashed_words(text)) for text in (pairs[-1][0], "Quixotic zeugma: vex? (Fjord)!")
    ]
    for classifier in (online, batch, LocalClassifier.from_bytes(batch.to_bytes())):
        familiar = classifier.familiar(0.05)
        assert familiar is not None
        assert [familiar.knows(one) for one in words] == [True, False]


def test_a_prompt_that_was_only_imitated_was_not_judged() -> None:
    classifier = LocalClassifier()
    for _ in range(300):
        classifier.imitate("prove this bound for the integral", (0.9, 0.1))
    assert classifier.familiar(0.5) is None


def test_a_model_of_before_is_read_and_calls_nothing_unfamiliar() -> None:
    header, numbers = open_sealed("local classifier", taught(600).to_bytes())
    del header["seen"]
    before = LocalClassifier.from_bytes(seal("local classifier", header, [numbers]))
    assert before.familiar(0.5) is None
    assert before.predict("prove it") == taught(600).predict("prove it")
    # What it learns from now on it may tell from the rest.
    for text, verdict in judged(300, seed=22):
        before.learn(text, verdict)
    assert before.familiar(0.05) is not None


def test_a_broken_record_of_what_was_seen_is_refused() -> None:
    header, numbers = open_sealed("local classifier", taught(300).to_bytes())
    header["seen"]["groups"] = "?"
    with pytest.raises(ArtefactError, match="prompts seen: cannot be read"):
        LocalClassifier.from_bytes(seal("local classifier", header, [numbers]))
