"""The second check: each kind of mark, on its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.same_question.near_miss import differing, near_miss_marks


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("Add 4 and 5", "Add 4 and 6", "numbers"),
        ("Is -5 cold?", "Is 5 cold?", "numbers"),
        ("On 04/05/2023", "On 05/04/2023", "numbers"),
        ("Give five names", "Give six names", "numbers"),
        ("Take 5 mg", "Take 5 g", "units"),
        ("It costs $5", "It costs \u20ac5", "units"),
        ("Is 5% much?", "Is 5 much?", "units"),
        ("Do they swim?", "Don't they swim?", "negations"),
        ("Cook with salt", "Cook without salt", "negations"),
        ("Ask Ann about Bob", "Ask Bob about Ann", "names"),
        ("How do you polish it?", "How do you Polish it?", "names"),
        ("Define 'lie'", "Define 'lay'", "quotes"),
        ("Is a+b odd?", "Is a*b odd?", "signs"),
        ("The largest lake", "The smallest lake", "comparisons"),
        ("Rest before lunch", "Rest after lunch", "comparisons"),
        ("Who did it?", "When did it?", "questions"),
        ("go from here to there", "go from there to here", "directions"),
    ],
)
def test_each_kind_is_seen(a: str, b: str, kind: str) -> None:
    assert differing(near_miss_marks(a), near_miss_marks(b)) == kind
    assert differing(near_miss_marks(b), near_miss_marks(a)) == kind


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Please explain how I do it.", "explain how I do it"),
        ("Give me three tips", "Give me 3 tips"),
        ("What is 20 percent of 50?", "What is 20% of 50?"),
        ("I can't open it", "I cannot open it"),
        ("I'd like you to suggest a name", "Suggest a name"),
        ("How to tie a tie", "How do I tie a tie"),
        ("Write an e-mail", "Write an email"),
        ('What is "x"?', "What is \u201cx\u201d?"),
    ],
)
def test_harmless_wording_leaves_the_marks_alone(a: str, b: str) -> None:
    assert differing(near_miss_marks(a), near_miss_marks(b)) is None


KINDS = [
    "numbers",
    "units",
    "negations",
    "names",
    "quotes",
    "signs",
    "comparisons",
    "questions",
    "directions",
]


@pytest.mark.parametrize(
    ("text", "kind", "marks"),
    [
        ("Between 1,000.5 and -3", "numbers", ("1,000.5", "-3")),
        ("From 9:30 to 10-12", "numbers", ("9:30", "10-12")),
        ("Twelve eggs", "numbers", ()),  # a capital: no small number as the rules write it
        ("twelve eggs", "numbers", ("12",)),
        ("It isn't, I won't, we cannot", "negations", ("not", "not", "not")),
        ("No, never without it", "negations", ("no", "never", "without")),
        ("Ask NASA about iPhones", "names", ("NASA", "iPhones")),
        ("I'm sure I am", "names", ()),
        ("First. Then Second", "names", ("Second",)),
        ("Say \u201chi\u201d or `ho` or 'hu'", "quotes", ("hi", "ho", "hu")),
        ("well-known e-mail", "signs", ()),
        ("a - b", "signs", ("-",)),
        ("What's new and who's who?", "questions", ("what", "who", "who")),
        ("from Paris to the moon", "directions", ("from paris", "to the moon")),
        ("more or less", "comparisons", ("less", "more")),
        ("", "numbers", ()),
    ],
)
def test_the_marks_of_a_prompt(text: str, kind: str, marks: tuple[str, ...]) -> None:
    assert near_miss_marks(text)[kind] == marks


def test_every_prompt_has_marks_of_every_kind() -> None:
    assert list(near_miss_marks("")) == list(near_miss_marks("What is -5?")) == KINDS


def test_the_first_kind_that_differs_is_the_reason() -> None:
    one, other = near_miss_marks("Is it not safe? 4."), near_miss_marks("Is it safe? 5.")
    assert differing(one, other) == "numbers"
    assert differing({**one, "numbers": other["numbers"]}, other) == "negations"


@given(text=st.text(max_size=120))
def test_every_prompt_agrees_with_itself(text: str) -> None:
    marks = near_miss_marks(text)
    assert differing(marks, near_miss_marks(text)) is None
    assert list(marks) == KINDS


@given(text=st.text(max_size=80), other=st.text(max_size=80))
def test_whether_two_prompts_differ_does_not_depend_on_their_order(text: str, other: str) -> None:
    one, two = near_miss_marks(text), near_miss_marks(other)
    assert differing(one, two) == differing(two, one)


@given(number=st.integers(0, 10**6), other=st.integers(0, 10**6))
def test_two_numbers_are_never_the_same_question(number: int, other: int) -> None:
    differ = differing(near_miss_marks(f"Add {number}"), near_miss_marks(f"Add {other}"))
    assert (differ is None) == (number == other)
