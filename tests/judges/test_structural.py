import json
from typing import Any

import pytest

from tierwatch.judges.structural import StructuralFirst, normalised, structural_verdict
from tierwatch.judges.verdict import Answer, Question, Verdict

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
        },
    },
}
QUESTION = Question(messages=[{"role": "user", "content": "?"}])
TOOLS = Question(messages=[], tools=[WEATHER, {"type": "custom", "custom": {"name": "shell"}}])
JSON = Question(messages=[], response_format={"type": "json_object"})
SCHEMA = Question(
    messages=[],
    response_format={
        "type": "json_schema",
        "json_schema": {"schema": {"type": "object", "required": ["answer"]}},
    },
)


def says(text: str | None) -> Answer:
    return {"role": "assistant", "content": text}


def calls(*named: tuple[str, Any]) -> Answer:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"function": {"name": n, "arguments": a if isinstance(a, str) else json.dumps(a)}}
            for n, a in named
        ],
    }


def found(question: Question, served: Answer, alternative: Answer) -> tuple[str | None, str] | None:
    verdict = structural_verdict(question, served, alternative, judge_version="v")
    turned = structural_verdict(question, alternative, served, judge_version="v")
    if verdict is None or turned is None:
        assert verdict is turned  # both undecided
        return None
    swap = {"served": "alternative", "alternative": "served", "tie": "tie", None: None}
    assert turned.preferred == swap[verdict.preferred]  # no side is favoured
    assert (verdict.judge_version, verdict.calls, verdict.cost_usd) == ("v", 0, 0.0)
    assert verdict.reason
    return verdict.preferred, verdict.basis


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("42", "42."),
        (" It is  42 \r\n\r\n", "It is 42"),
        ("caf\u00e9", "cafe\u0301"),
        ("a\n\n\nb  ", "a\nb"),
        ("はい。", "はい"),
        ("", "  "),
        (None, "."),
        ("x\u00a0y", "x y"),
    ],
)
def test_identical_after_normalising(one: str | None, other: str) -> None:
    assert found(QUESTION, says(one), says(other)) == ("tie", "identical")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10\u00b2", "102"),  # NFKC would make them one
        ("Yes", "yes"),
        ("5!", "5"),
        ("if a:\n    b\nc", "if a:\n    b\n    c"),
        ("a b", "ab"),
        ("-1", "1"),
    ],
)
def test_a_difference_that_may_matter_is_kept(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)
    assert found(QUESTION, says(one), says(other)) is None


def test_empty_loses_and_a_refusal_is_not_empty() -> None:
    assert found(QUESTION, says(""), says("x")) == ("alternative", "empty")
    assert found(QUESTION, says(" \n"), calls(("weather", {}))) == ("alternative", "empty")
    assert found(QUESTION, {"content": None, "refusal": "I cannot."}, says("x")) is None


def test_content_in_parts_is_compared_as_text() -> None:
    parts = {"role": "assistant", "content": [{"type": "text", "text": "x"}]}
    assert found(QUESTION, parts, says("x")) == ("tie", "identical")


def test_the_same_calls_are_a_tie_whatever_their_form_or_order() -> None:
    one = calls(("weather", '{"city": "Bonn", "n": 1.0}'), ("shell", "ls"))
    other = calls(("shell", "ls"), ("weather", '{"n":1,"city":"Bonn"}'))
    other["content"] = "I will look."
    assert found(TOOLS, one, other) == ("tie", "tool_calls")
    assert found(TOOLS, calls(("f", "")), calls(("f", "{}"))) == ("tie", "tool_calls")
    twice = calls(("weather", {"city": "a"}), ("weather", {"city": "a"}))
    assert found(TOOLS, twice, calls(("weather", {"city": "a"}))) is None


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (("wether", {"city": "Bonn"}), "'wether' was not offered"),
        (("weather", '{"city": "Bonn"'), "not a JSON object"),
        (("weather", "[]"), "not a JSON object"),
        (("weather", {}), "$.city is missing"),
        (("weather", {"city": 5}), "$.city is not of type string"),
        (("weather", {"city": "Bonn", "unit": "k"}), "$.unit is not one of the allowed"),
    ],
)
def test_a_call_that_cannot_be_carried_out_loses(broken: tuple[str, Any], why: str) -> None:
    good = calls(("weather", {"city": "Bonn", "unit": "c"}), ("shell", "anything"))
    assert found(TOOLS, calls(broken), good) == ("alternative", "tool_calls")
    verdict = structural_verdict(TOOLS, calls(broken), good, judge_version="v")
    assert verdict is not None
    assert why in verdict.reason
    assert found(TOOLS, calls(broken), calls(("nothing", {}))) is None  # both broken


def test_whether_to_call_at_all_is_for_the_judge() -> None:
    assert found(TOOLS, calls(("weather", {"city": "Bonn"})), says("Which city?")) is None
    good = calls(("weather", {"city": "Bonn"}))
    assert found(TOOLS, good, calls(("weather", {"city": "Rome"}))) is None


def test_a_tool_without_a_schema_takes_any_object() -> None:
    question = Question(messages=[], tools=[{"function": {"name": "f"}}, {"type": "odd"}])
    assert found(question, calls(("f", {"a": 1})), calls(("g", {}))) == ("served", "tool_calls")


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "",
        "```json\n{\n```",
        "See:\n```json\n{}\n```",
        '{"a": NaN}',
        "[1]",
        "x",
        "[" * 100_000,
        "1" * 5_000,
        '{"a":' * 700,
    ],
)
def test_what_is_not_the_json_asked_for_loses(broken: str) -> None:
    basis = "invalid_json" if broken else "empty"
    assert found(JSON, says(broken), says('{"a": 1}')) == ("alternative", basis)


def test_deep_json_that_the_decoder_takes_is_no_trap() -> None:
    deep = '{"a":' * 480 + "1" + "}" * 480
    assert found(JSON, says(deep), says(deep + " ")) == ("tie", "identical")
    assert found(JSON, says(deep), says('{"a": 1}')) in {None, ("alternative", "invalid_json")}


def test_json_is_checked_against_its_schema() -> None:
    assert found(SCHEMA, says('{"answer": 1}'), says('{"result": 1}')) == ("served", "invalid_json")
    assert found(SCHEMA, says('{"answer": 1}'), says('{"answer": 2}')) is None
    assert found(SCHEMA, says('{"a": 1}'), says('{"b": 2}')) is None  # both wrong
    bare = Question(messages=[], response_format={"type": "json_schema", "json_schema": None})
    assert found(bare, says("[1]"), says("x")) == ("served", "invalid_json")


def test_equal_json_is_a_tie() -> None:
    one, other = '{"a": 1, "b": [2.0]}', '{\n  "b": [2],\n  "a": 1\n}'
    assert found(JSON, says(one), says(other)) == ("tie", "identical")
    assert found(QUESTION, says(one), says(other)) is None  # JSON was not asked for


FENCED = [
    '```json\n{"a": 1}\n```',
    '```\n{"a": 1}```',
    '\ufeff{"a": 1}',
    '\n```JSON\r\n{"a": 1}\r\n```\n',
]


@pytest.mark.parametrize("fenced", FENCED)
def test_a_fence_alone_decides_nothing(fenced: str) -> None:
    """Across wires the gateway takes it off, on one wire the caller gets it: not beyond dispute."""
    assert found(JSON, says(fenced), says('{"a": 1}')) is None
    assert found(JSON, says(fenced), says('{"a": 2}')) is None
    # A breach inside it is one all the same, and two fences are no difference.
    assert found(SCHEMA, says(fenced), says('{"answer": 1}')) == ("alternative", "invalid_json")
    assert found(JSON, says(fenced), says("{")) == ("served", "invalid_json")
    assert found(JSON, says(fenced), says('```json\n{"a":1.0}\n```')) == ("tie", "identical")
    # Where no JSON was asked for a fence is text.
    assert found(QUESTION, says(fenced), says('{"a": 1}')) is None


@pytest.mark.parametrize(
    "text",
    ["Mail [EMAIL].", "[PHONE]", "Use [KEY] and [CARD 1]", "[NESTED TOO DEEP]", "[FIRST NAME] x"],
)
def test_a_tie_that_rests_on_nameless_marks_is_not_certain(text: str) -> None:
    """Two different addresses leave the same mark."""
    assert found(QUESTION, says(text), says(text)) is None
    args = json.dumps({"city": text})
    assert found(TOOLS, calls(("weather", args)), calls(("weather", args))) is None
    assert found(JSON, says(f'{{"a": "{text}"}}'), says(f'{{ "a": "{text}"}}')) is None


@pytest.mark.parametrize(
    "text",
    [
        "Mail [EMAIL 3f2a9c].",
        "[EMAIL kxqwzabc2] [CARD qwertyui1]",
        "[KEY:2] [CARD#07]",
        "[EMAIL_2A] [EMAIL1]",
        "a[1] [x] [OK2] [ ]",
    ],
)
def test_marks_that_name_their_value_are_compared(text: str) -> None:
    assert found(QUESTION, says(text), says(text)) == ("tie", "identical")
    other = text.replace("2", "3").replace("1", "3")
    assert found(QUESTION, says(text), says(other)) is None


def test_a_breach_that_a_mark_may_have_made_is_not_certain() -> None:
    number = calls(("weather", '{"city": [CARD 1]}'))  # a number, and then no JSON any more
    assert found(TOOLS, number, calls(("weather", {"city": "Bonn"}))) is None
    assert found(JSON, says('{"card": [CARD 1]}'), says("{}")) is None
    assert found(JSON, says('{"a": 1'), says('{"card": "[CARD 1]"}')) == (
        "alternative",
        "invalid_json",
    )
    assert found(QUESTION, says(""), says("[EMAIL]")) == ("alternative", "empty")


def test_a_call_in_words_is_no_call() -> None:
    real = calls(("weather", '{"city": "Bonn"}'))
    assert found(TOOLS, says('[calls tool weather with {"city": "Bonn"}]'), real) is None


def test_free_text_for_a_tool_is_compared_as_it_is_written() -> None:
    assert found(TOOLS, calls(("shell", "1.0")), calls(("shell", "1"))) is None
    assert found(TOOLS, calls(("shell", "1")), calls(("shell", "1"))) == ("tie", "identical")
    assert found(
        TOOLS, calls(("weather", '{"city":"a","n":1.0}')), calls(("weather", {"city": "a", "n": 1}))
    ) == ("tie", "tool_calls")


def test_form_does_not_bind_calls_refusals_or_plain_text() -> None:
    both = Question(messages=[], tools=[WEATHER], response_format={"type": "json_object"})
    assert found(both, calls(("weather", {"city": "Bonn"})), says("{}")) is None
    assert found(JSON, {"content": None, "refusal": "No."}, says("{}")) is None
    text = Question(messages=[], response_format={"type": "text"})
    assert found(text, says("x"), says("{}")) is None


class _Inner:
    version = "inner/1"
    asked = 0

    def judge(self, *_: object) -> Verdict:
        self.asked += 1
        return Verdict(preferred="served", basis="pairwise", reason="", judge_version=self.version)


def test_the_inner_judge_is_asked_only_what_is_open() -> None:
    inner = _Inner()
    judge = StructuralFirst(inner)
    assert judge.version == "inner/1"
    identical = judge.judge(QUESTION, says("x"), says("x."))
    assert (identical.basis, identical.judge_version, inner.asked) == ("identical", "inner/1", 0)
    assert judge.judge(QUESTION, says("x"), says("y")).basis == "pairwise"
    assert inner.asked == 1
