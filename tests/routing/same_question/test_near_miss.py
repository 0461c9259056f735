"""The second look: each kind of mark, on its own."""

import pytest

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
