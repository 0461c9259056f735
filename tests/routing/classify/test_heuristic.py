import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.heuristic import HeuristicClassifier, Signals, signals

NAMES = ("simple", "standard", "complex")


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def label(text: str) -> str:
    return HeuristicClassifier(NAMES).classify(user(text)).label


@pytest.mark.parametrize(
    "text", ["", "Hi", "Thanks!", "What is the capital of France?", "Who wrote Hamlet?"]
)
def test_little_is_asked(text: str) -> None:
    assert label(text) == "simple"


@pytest.mark.parametrize(
    "text",
    [
        "Design and implement a distributed rate limiter in Go with tests, explain each choice.",
        (
            "Prove that every bounded sequence has a convergent subsequence, then write an essay"
            " that compares three proofs, each without the axiom of choice."
        ),
    ],
)
def test_much_is_asked(text: str) -> None:
    assert label(text) == "complex"


def test_closed_forms_of_answer_ask_less_than_open_ones() -> None:
    question = (
        "Tell me which of these gases is the lightest at room temperature and usual pressure."
    )
    options = "\nA. argon\nB. helium\nC. xenon\nD. krypton"
    assert signals(user(question)).open_ended == 1.0
    assert signals(user(question + options)).open_ended == 0.0
    assert signals(user(question), tools=[{"type": "function"}]).open_ended == 0.0
    assert signals(user(question + " Reply <answer>1</answer>.")).open_ended == 0.0
    asked_json = signals(user(question), response_format={"type": "json_object"})
    assert (asked_json.open_ended, asked_json.json_demanded) == (0.0, 1.0)
    assert asked_json.demand < signals(user(question)).demand


BASE = "Tell the committee about our plans for the next year in some detail please."


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("open_words", "Write and explain. " + BASE),
        ("maths", BASE + r" $\alpha^2 + \beta^2$"),
        ("numbers", BASE + " 1989 1234 5678"),
        ("hard_words", BASE + " Derive the equilibrium."),
        ("constraints", BASE + " You must never use exactly two."),
        ("questions", BASE + " Who? When? Where?"),
        ("questions", BASE + "\n1. One\n2. Two\n3. Three"),
        ("questions", BASE + " (1) one (2) two (3) three"),
        ("code", BASE + "\n```python\nx = 1\n```"),
        ("doublings", BASE * 40),
    ],
)
def test_each_signal_is_seen_and_raises_the_demand(signal: str, text: str) -> None:
    without, seen = signals(user(BASE)), signals(user(text))
    assert getattr(without, signal) == 0
    assert getattr(seen, signal) > 0
    assert seen.demand > without.demand


def test_turns_tools_and_images_are_seen() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://h/i.png"}}
    chat = [*user("Hello there"), {"role": "assistant", "content": "Hi"}, *user("And now?")]
    assert signals(chat).turns == 1
    assert signals(user("x"), tools=[{}]).tools == 1
    assert signals([{"role": "user", "content": [image]}]).images == 1


def test_the_last_turn_of_the_user_is_what_is_asked() -> None:
    chat = [
        {"role": "system", "content": "Write. Design. Prove."},
        *user("Derive the equation."),
        {"role": "assistant", "content": "Explain."},
        *user("Thanks"),
        {"role": "tool", "content": "calculate"},
    ]
    seen = signals(chat)
    assert (seen.open_words, seen.hard_words) == (0, 0)
    # Before any turn of a user, whatever stands there is all there is.
    assert signals(chat[:1]).open_words > 0


def test_both_ends_of_a_long_prompt_are_read_and_the_middle_is_not() -> None:
    filler = "word " * 2_000
    assert signals(user("Prove it. " + filler)).hard_words == 1
    assert signals(user(filler + " Prove it.")).hard_words == 1
    assert signals(user(filler + " Prove it. " + filler)).hard_words == 0


@pytest.mark.parametrize("count", [2, 3, 5, 9])
@given(text=st.text(max_size=300))
def test_confidences_for_any_number_of_tiers(count: int, text: str) -> None:
    names = [f"tier{n}" for n in range(count)]
    said = HeuristicClassifier(names).classify(user(text))
    assert said.confidences is not None
    values = list(said.confidences.values())
    assert list(said.confidences) == names[:-1]
    assert values == sorted(values)
    assert all(0 < value < 1 for value in values)
    likely = [name for name, value in said.confidences.items() if value >= 0.5]
    if likely:
        assert (said.label, said.confidence) == (likely[0], said.confidences[likely[0]])
    else:
        assert (said.label, said.confidence) == (names[-1], 1 - values[-1])


def test_every_signal_has_a_bound_so_no_prompt_reaches_a_certain_confidence() -> None:
    text = ("write explain prove must $\\^?1 " * 100_000) + "\n1.\n2.\n3.\n4.```"
    chat = user(text) * 200
    highest = signals(chat, tools=[{}])
    assert highest.demand < 10
    lowest = signals(user("json answer"))
    assert lowest.demand >= -0.5
    assert isinstance(highest, Signals)


def test_a_prompt_of_any_length_takes_no_longer_than_its_ends() -> None:
    def fastest(text: str) -> float:
        classifier, chat, times = HeuristicClassifier(NAMES), user(text), []
        for _ in range(30):
            start = time.perf_counter()
            classifier.classify(chat)
            times.append(time.perf_counter() - start)
        return min(times)

    ends, long = "some words here " * 188, "some words here " * 125_000
    # 2,000,000 characters against 3,000: the same work but for one count of the length.
    assert fastest(long) < 3 * fastest(ends)


def test_the_same_prompt_gets_the_same_answer() -> None:
    classifier = HeuristicClassifier(NAMES)
    assert classifier.classify(user(BASE)) == classifier.classify(user(BASE))


@pytest.mark.parametrize(
    ("text", "signal", "value"),
    [
        ("Write an essay, a story and a plan.", "open_words", 3.0),
        ("write write write", "open_words", 1.0),
        ("Prove the theorem and compute the integral.", "hard_words", 4.0),
        ("a? b? c?", "questions", 2.0),
        ("Do it:\n1. this\n2. that\n3. more", "questions", 1.0),
        ("?" * 50, "questions", 5.0),
        ("12345", "numbers", 1.0),
        ("Fix it:\n```\nx = 1\n```", "code", 1.0),
        ("Answer in JSON", "json_demanded", 1.0),
        ("What does JSON stand for?", "json_demanded", 0.0),
        ("Who wrote Hamlet?", "open_ended", 0.0),
        ("Say something", "open_ended", 0.2),  # 2 of 10 different words
        ("x" * 2_000, "doublings", 2.0),  # 500, doubled twice
        ("x" * 500, "doublings", 0.0),
        ("x" * 10**6, "doublings", 8.0),
    ],
)
def test_what_a_signal_counts(text: str, signal: str, value: float) -> None:
    assert getattr(signals([{"role": "user", "content": text}]), signal) == pytest.approx(value)


@pytest.mark.parametrize(
    ("options", "closed"),
    [
        ("\na. x\nb. y\nc. z", True),
        ("\nA) x\nB) y\nC) z", True),
        ("\n(a) x\n(b) y\n(c) z", True),
        ("\n(a) x (b) y\n(c) z", False),
        ("\na. x\nb. y", False),
    ],
)
def test_three_options_on_lines_of_their_own_close_the_answer(
    options: str,
    closed: bool,  # noqa: FBT001 - pytest's
) -> None:
    asked = signals([{"role": "user", "content": f"Choose what holds here, please:{options}"}])
    assert (asked.open_ended == 0.0) is closed


def test_tools_and_a_demanded_form_close_the_answer() -> None:
    chat = [{"role": "user", "content": "Write a story about ten very different words in here."}]
    assert signals(chat).open_ended == signals(chat, tools=[{}]).open_ended == 1.0
    call = [{"role": "user", "content": "The weather in Oslo and in Bern for both today and then"}]
    assert [signals(call, tools=[{}] * n).open_ended for n in (0, 1, 3, 4)] == [1, 0, 0, 1]
    formed = signals(chat, response_format={"type": "json_schema"})
    assert (formed.open_ended, formed.json_demanded) == (0.0, 1.0)


def test_nothing_asked_is_little_asked() -> None:
    nothing = signals([])
    assert nothing.demand == pytest.approx(0.0)
    assert signals([{}, {"role": None}]) == nothing


def test_the_demand_is_the_weighted_sum_of_the_signals() -> None:
    # Two words of ten open: .2 x 1.4; "write" is one open word: .2.
    asked = signals([{"role": "user", "content": "Write something"}])
    assert asked.demand == pytest.approx(0.2 * 1.4 + 0.2)


def test_confidences_are_logistic_in_the_offset_of_each_tier() -> None:
    # Nothing is asked: a demand of 0 against offsets of 1.1 and 1.1 + .7.
    said = HeuristicClassifier(["a", "b", "c"]).classify([])
    assert said.confidences is not None
    assert said.confidences["a"] == pytest.approx(1 / (1 + math.exp(-1.1)))
    assert said.confidences["b"] == pytest.approx(1 / (1 + math.exp(-1.8)))
