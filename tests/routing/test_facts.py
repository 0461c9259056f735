"""What is known of a model, and how two sources are laid over each other."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.facts import EFFORTS, UNKNOWN, Facts

facts = st.builds(
    Facts,
    context=st.none() | st.integers(1, 10**6),
    images=st.none() | st.booleans(),
    effort=st.none() | st.just(()) | st.just(EFFORTS),
    limit=st.none() | st.sampled_from(["max_tokens", "max_completion_tokens"]),
)


def test_nothing_is_known_of_a_model_that_nobody_has_described() -> None:
    assert UNKNOWN.known == {}
    assert Facts(images=False, effort=()).known == {"images": False, "effort": ()}
    assert UNKNOWN.lacking("images") == Facts(images=False)


def test_a_no_is_knowledge_and_stays_over_a_yes() -> None:
    assert Facts(images=False, effort=()).over(Facts(images=True, effort=EFFORTS)) == Facts(
        images=False, effort=()
    )


@given(facts, facts)
def test_the_upper_one_holds_and_the_lower_one_fills_its_gaps(upper: Facts, lower: Facts) -> None:
    both = upper.over(lower)
    assert both.known == {**lower.known, **upper.known}
    assert both.over(lower) == both
    assert UNKNOWN.over(upper) == upper.over(UNKNOWN) == upper
