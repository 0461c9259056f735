"""Whether the alternative of a drawn exchange can be asked the same."""

from typing import Any

import pytest
from fakes.collaborators import TIERS, served

from tierwatch.evaluation.sampling.inclusion import Inclusion
from tierwatch.fit.lesson import Lesson
from tierwatch.fit.memory import Memory
from tierwatch.loop.capture.admission.outside import FITS_NOT
from tierwatch.loop.capture.admission.reading import Reading
from tierwatch.loop.capture.counts import Sampled
from tierwatch.routing.facts import Facts
from tierwatch.routing.tiers import Deployment, Tier

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
OTHERS_FILE = {"type": "file", "file": {"file_id": "file-1"}}


def sampled(*parts: Any, wire: str = "openai", to: str = "standard", **fields: Any) -> Sampled:
    content = [{"type": "text", "text": "What is it?"}, *parts]
    request = {"messages": [{"role": "user", "content": content}], **fields}
    chosen = Inclusion("up", to, 1.0, 1.0)
    return Sampled(served(request=request, wire=wire), chosen, 1, 1.0)


def reading(*tiers: Tier, kind: str = "openai") -> Reading:
    known = tiers or TIERS
    return Reading(known, Memory(known), lambda _, __: kind)


def blind(**facts: Any) -> Tier:
    return Tier("standard", "medium-1", "lab", TIERS[1].price, takes=Facts(**facts))


def test_an_ordinary_question_can_be_asked_of_anybody() -> None:
    assert reading()(sampled()) == ""
    assert reading()(sampled(IMAGE)) == ""


def test_a_tier_that_left_the_configuration_is_not_judged_here() -> None:
    assert reading()(sampled(to="gone")) == ""


def test_what_the_alternative_is_known_not_to_take() -> None:
    sees_not = reading(blind(images=False))
    assert sees_not(sampled(IMAGE)) == FITS_NOT
    assert sees_not(sampled()) == ""
    short = reading(blind(context=2))
    assert short(sampled()) == FITS_NOT


def test_what_a_caller_was_refused_is_not_asked_in_the_shadow() -> None:
    """The gateway's memory is this one: what refusals taught holds before the draw, too."""
    memory = Memory(TIERS)
    read = Reading(TIERS, memory, lambda _, __: "openai")
    assert read(sampled(IMAGE)) == ""
    place = TIERS[1].served_at()[0]
    lesson = Lesson("feature", "images", Facts(images=False))
    memory.learn((place.provider, place.model), "openai", lesson)
    assert read(sampled(IMAGE)) == FITS_NOT
    assert read(sampled()) == ""
    memory.unlearn((place.provider, place.model), "openai", lesson)
    assert read(sampled(IMAGE)) == ""


def test_what_its_wire_has_no_word_for() -> None:
    assert reading(kind="anthropic")(sampled(OTHERS_FILE)) == FITS_NOT


ELSEWHERE = Tier("standard", "medium-1", "elsewhere", TIERS[1].price)


def test_a_file_that_a_provider_keeps_is_nothing_to_another() -> None:
    assert reading()(sampled(OTHERS_FILE)) == ""
    assert reading(ELSEWHERE)(sampled(OTHERS_FILE)) == FITS_NOT
    assert reading(ELSEWHERE)(sampled(IMAGE)) == ""


@pytest.mark.parametrize("kind", ["responses", "openai", "anthropic"])
def test_a_conversation_that_a_provider_keeps_cannot_be_had_again(kind: str) -> None:
    """Without it the alternative would be asked the last turn alone; with it, after its answer."""
    for tier in (TIERS[1], ELSEWHERE):
        goes_on = sampled(wire="responses", conversation="conv_1", input="And then?")
        assert reading(tier, kind=kind)(goes_on) == FITS_NOT


def test_a_prompt_that_a_provider_keeps_is_its_own() -> None:
    kept = sampled(wire="responses", prompt={"id": "pmpt_1"}, input="hi")
    assert reading(kind="responses")(kept) == ""
    assert reading(ELSEWHERE, kind="responses")(kept) == FITS_NOT


def test_one_deployment_that_takes_it_is_enough() -> None:
    places = (
        Deployment("here", "medium-1", TIERS[1].price),
        Deployment("lab", "medium-1", TIERS[1].price),
    )
    tier = Tier("standard", "medium-1", "here", TIERS[1].price, deployments=places)
    kinds = {"here": "anthropic", "lab": "openai"}
    both = Reading([tier], Memory([tier]), lambda place, _: kinds[place])
    assert both(sampled(OTHERS_FILE)) == ""


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_what_a_shadow_leaves_out_is_no_reason(wire: str) -> None:
    asked = sampled(wire=wire, mcp_servers=[{"url": "x"}], tools=[{"type": "web_search_20250305"}])
    for kind in ("openai", "anthropic"):
        assert reading(kind=kind)(asked) == ""


BASH = {"type": "bash_20250124", "name": "bash"}
MARKED = {
    "name": "f",
    "input_schema": {"type": "object"},
    "cache_control": {"type": "ephemeral"},
    "defer_loading": True,
    "input_examples": [{}],
}
COMPUTER = {"type": "computer"}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}
FOUND = {"type": "tool_search_tool_regex_20251119", "name": "find"}


@pytest.mark.parametrize(
    ("wire", "tool", "kind", "reason"),
    [
        ("anthropic", BASH, "openai", FITS_NOT),
        ("anthropic", BASH, "anthropic", ""),
        ("anthropic", FOUND, "openai", ""),
        ("anthropic", {"name": "f", "input_schema": {"type": "object"}}, "openai", ""),
        ("anthropic", MARKED, "openai", ""),
        ("anthropic", {"type": ["x"], "name": "f"}, "anthropic", ""),
        ("responses", COMPUTER, "openai", FITS_NOT),
        ("responses", COMPUTER, "anthropic", FITS_NOT),
        ("responses", COMPUTER, "responses", ""),
        ("responses", {"type": "apply_patch"}, "openai", FITS_NOT),
        ("responses", {"type": "web_search"}, "openai", ""),
        ("responses", {"type": "namespace", "name": "agents"}, "openai", ""),
        ("responses", {"type": "namespace", "name": "n", "tools": [FUNCTION]}, "openai", ""),
        ("responses", {"type": "namespace", "name": "n", "tools": [COMPUTER]}, "openai", FITS_NOT),
    ],
)
def test_a_tool_of_the_callers_that_another_wire_has_no_word_for(
    wire: str, tool: dict[str, Any], kind: str, reason: str
) -> None:
    """The arm that has it would call it, and the other one could only talk."""
    asked = sampled(wire=wire, tools=[tool], input="Look.", max_tokens=9)
    assert reading(kind=kind)(asked) == reason
