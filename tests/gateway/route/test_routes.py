"""Whole conversations through the gateway, before providers as strict as the real ones."""

import hashlib
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import anthropic
import openai
import pytest
import redis
from fakes.strict_providers import Heard, StrictProvider
from fakes.talking_callers import AnthropicCaller, OpenAICaller

from tierwatch.config import load_config
from tierwatch.gateway.memory.pin_keys import pin_key
from tierwatch.routing.classify.classification import Classification
from tierwatch.routing.content import message_text
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price

TIERS = ("simple", "standard", "complex")
CONVERSATIONS = 500
_TIER = re.compile(r"\[\[tier (\w+)\]\]")


class ReadsTheWish:
    """Names the tier that the last message asks for, as ``[[tier complex]]``; else the cheapest."""

    def classify(self, messages: Any, *, tools: Any = None, response_format: Any = None) -> Any:
        del tools, response_format
        wish = _TIER.search(message_text(messages[-1]))
        return Classification(label=wish[1] if wish else "simple", confidence=0.95)


@dataclass
class Stage:
    """A gateway and the strict providers behind it."""

    gateway: Any
    providers: tuple[StrictProvider, ...]
    wires: tuple[Any, ...]

    def heard(self, conversation: int) -> list[Heard]:
        """What was sent upstream of a conversation, in order."""
        return self.providers[0].heard[conversation]

    @property
    def refused(self) -> list[str]:
        return [problem for provider in self.providers for problem in provider.refused]

    def counted(self, name: str, label: str) -> dict[str, float]:
        lines = self.gateway.client.get("/metrics").text.splitlines()
        head = f'tierwatch_{name}_total{{{label}="'
        found = (line[len(head) :].split('"} ') for line in lines if line.startswith(head))
        return {value: float(number) for value, number in found}


@pytest.fixture
def stage(
    start_gateway: Any, openai_provider: Any, anthropic_provider: Any, wire: Any, tmp_path: Any
) -> Any:
    """Start a gateway: ``stage("openai", "anthropic", "openai")``, the wire of each tier."""
    there = {"openai": openai_provider, "anthropic": anthropic_provider}
    heard: Any = defaultdict(list)
    strict = {kind: StrictProvider(kind, heard) for kind in there}
    for kind, provider in there.items():
        provider.usual = strict[kind].reply(wire)

    def start(*wires: str, **options: Any) -> Stage:
        behind = tuple(there[kind] for kind in wires)
        router = _Wishes(tmp_path, options.get("prices"))
        gateway = start_gateway(*behind, router=router, timeout_s=10, **options)
        return Stage(gateway, tuple(strict.values()), behind)

    return start


class _Wishes:
    """A router of the file that is about to be written; built at the first use."""

    def __init__(self, folder: Any, prices: Mapping[str, Price] | None = None) -> None:
        self._path = folder / "tierwatch.yaml"
        self._prices = prices or {}
        self._router: Router | None = None

    def __getattr__(self, name: str) -> Any:
        if self._router is None:
            built = Router.described(load_config(self._path))
            tiers = tuple(
                replace(tier, price=self._prices.get(tier.name, tier.price)) for tier in built.tiers
            )
            policies = built.policies
            self._router = Router(tiers, ReadsTheWish(), policies, "complex")
        return getattr(self._router, name)


def hold(stage: Stage, number: int) -> Counter[str]:
    """Hold one seeded conversation; after every turn, compare what the provider got."""
    rng = random.Random(number)
    headers = {"x-session-id": f"session {number}"} if rng.random() < 0.7 else {}
    stream = rng.random() < 0.5
    caller: OpenAICaller
    if number % 2:
        caller = OpenAICaller(stage.gateway.client, stream=stream, headers=headers)
    else:
        caller = AnthropicCaller(
            stage.gateway.client, stream=stream, headers=headers, thinks=rng.random() < 0.7
        )
    told: Counter[str] = Counter()

    def ask() -> list[str]:
        expected, before = list(caller.said), caller.tier
        in_exchange = expected[-1][0] == "result"
        calls = caller.asks()
        got = stage.heard(number)[-1]
        assert got.said == expected
        told["own reasoning"] += got.own_reasoning
        told["turns"] += 1
        if before and caller.tier != before:
            told["up" if TIERS.index(caller.tier) > TIERS.index(before) else "down"] += 1
        if in_exchange:
            told["exchanges"] += 1
            assert TIERS.index(caller.tier) >= TIERS.index(before)
        return calls

    def wish() -> str:
        calls = f"[[call {rng.choice((1, 1, 2, 3))}]]" if rng.random() < 0.5 else ""
        return f"{calls} [[tier {rng.choice(TIERS)}]]"

    for turn in range(rng.randint(2, 10)):
        if turn and rng.random() < 0.15:
            caller.says("yes")
        else:
            caller.says(f"#c{number}# turn {turn}: Ünï \U0001f600 {rng.random()} {wish()}")
        calls = ask()
        while calls:
            caller.answers([(call, f"{rng.random()} degrees {wish()}") for call in calls])
            calls = ask()
    told["conversations"] += 1
    return told


LAYOUTS = [
    ("openai", "anthropic", "anthropic"),
    ("anthropic", "openai", "anthropic"),
    ("anthropic", "anthropic", "openai"),
    ("openai", "openai", "anthropic"),
    ("openai", "anthropic", "openai"),
]


@pytest.mark.parametrize("layout", range(5), ids=map("-".join, LAYOUTS))
def test_500_conversations_keep_every_message(stage: Any, layout: int) -> None:
    here = stage(*LAYOUTS[layout])
    share = CONVERSATIONS // len(LAYOUTS)
    numbers = range(layout * share, (layout + 1) * share)
    with ThreadPoolExecutor(4) as pool:
        told = sum(pool.map(lambda number: hold(here, number), numbers), Counter())
    assert here.refused == []
    assert told["conversations"] == share
    # The test would say nothing of what does not happen in it.
    for what in ("own reasoning", "exchanges", "up", "down"):
        assert told[what] >= share / 4, what
    turns = here.counted("session_turns", "move")
    assert turns["tool_exchange"] >= share / 10
    assert turns["continuation"] >= 1
    changes = here.counted("history_changes", "kind")
    assert changes["reasoning"] + changes.get("thinking", 0) >= share / 4


def routed(stage: Stage, text: str, session: str | None = None, **fields: Any) -> Any:
    """One request of one message, or of ``messages``."""
    headers = {} if session is None else {"x-session-id": session}
    headers |= fields.pop("headers", {})
    messages = fields.pop("messages", [{"role": "user", "content": f"#c1# {text}"}])
    body = json.dumps({"model": "auto", "messages": messages, **fields})
    return stage.gateway.client.post("/v1/chat/completions", content=body, headers=headers)


def follow_up(text: str) -> list[dict[str, Any]]:
    """A conversation of one turn, and what is said next."""
    return [
        {"role": "user", "content": "#c1# Plan the move of our database."},
        {"role": "assistant", "content": "First a replica. Shall I go on?"},
        {"role": "user", "content": text},
    ]


def tier_of(response: Any) -> str:
    assert response.status_code == 200, response.text
    return str(response.headers["x-tierwatch-tier"])


def test_a_held_turn_says_so_and_is_no_evidence(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    held = routed(here, "", "s", messages=follow_up("yes"))
    assert (tier_of(held), held.headers["x-tierwatch-held"]) == ("complex", "continuation")
    free = routed(here, "", "s", messages=follow_up("Now tell me something else entirely."))
    assert (tier_of(free), "x-tierwatch-held" in free.headers) == ("simple", False)
    until(lambda: len(here.gateway.recorded.exchanges) == 3)
    decision = here.gateway.recorded.exchanges[1].decision
    assert (decision.reason, decision.tier, decision.label) == (
        "sticky:continuation", "complex", "simple",
    )  # fmt: skip
    assert (decision.confidence, decision.threshold, decision.chosen) == (0.95, 0.7, False)
    # 50 tokens read and 7 written, at 15 instead of .25 USD a million: 57 x 14.75 / 1e6.
    assert here.counted("held_cost_usd", "reason")["continuation"] == pytest.approx(0.00084075)


def test_a_side_call_is_served_and_moves_nobodys_place(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    title = [
        {"role": "system", "content": "You are a title generator. You output ONLY a thread title."},
        {"role": "user", "content": "#c9# Plan the move of our database. [[tier simple]]"},
    ]
    assert tier_of(routed(here, "", "s", messages=title)) == "simple"
    held = routed(here, "", "s", messages=follow_up("yes"))
    assert (tier_of(held), held.headers["x-tierwatch-held"]) == ("complex", "continuation")
    until(lambda: len(here.gateway.recorded.exchanges) == 3)
    sides = [one.outside for one in here.gateway.recorded.exchanges]
    assert sides == ["", "side_call", ""]
    assert here.counted("side_calls", "kind") == {"title": 1}


def test_a_conversation_that_nobody_named_is_held_from_its_second_turn_on(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai")
    messages: list[Any] = [{"role": "user", "content": "#c8# Plan it. [[tier complex]]"}]

    def says(text: str) -> Any:
        answer = routed(here, "", messages=messages)
        messages.append(answer.json()["choices"][0]["message"])
        messages.append({"role": "user", "content": text})
        return answer

    assert tier_of(says("In more detail, please, all of it. [[tier complex]]")) == "complex"
    assert tier_of(says("yes")) == "complex"
    # Somebody who began with the same words, and got another answer.
    other = [messages[0], {"role": "assistant", "content": "No."}, messages[-1]]
    assert tier_of(routed(here, "", messages=other)) == "simple"
    held = says("yes")
    assert (tier_of(held), held.headers["x-tierwatch-held"]) == ("complex", "continuation")
    until(lambda: len(here.gateway.recorded.exchanges) == 4)
    assert len({one.session for one in here.gateway.recorded.exchanges}) == 1


def test_a_warm_cache_holds_the_conversation_it_is_warm_for(stage: Any) -> None:
    """Long prompts at prices with a tenth for cached input; the last answer is what goes on."""
    prices = {
        "simple": Price(1, 5, 0.1),
        "standard": Price(3, 15, 0.3),
        "complex": Price(5, 25, 0.5),
    }
    here = stage("openai", "anthropic", "anthropic", prices=prices)
    asked = {"role": "user", "content": f"#c4# {'long ' * 2_000} [[tier complex]]"}
    following = {
        "role": "user",
        "content": "Now tell me something else entirely. [[tier standard]]",
    }
    first = routed(here, "", "s", messages=[asked])
    assert tier_of(first) == "complex"
    answer = first.json()["choices"][0]["message"]
    held = routed(here, "", "s", messages=[asked, answer, following])
    assert (tier_of(held), held.headers["x-tierwatch-held"]) == ("complex", "warm_cache")
    # The same session with another conversation, or with none: nothing is warm for it.
    other = {"role": "assistant", "content": "Something else."}
    assert tier_of(routed(here, "", "s", messages=[asked, other, following])) == "standard"
    assert tier_of(routed(here, "[[tier complex]]", "t")) == "complex"
    alone = {"role": "user", "content": f"#c5# {'long ' * 2_000} [[tier standard]]"}
    assert tier_of(routed(here, "", "t", messages=[alone])) == "standard"


CACHED = "{cache: {mode: exact, budget_ms: 200}}"


def test_a_warm_cache_refuses_no_answer_that_is_free(stage: Any, redis_url: str) -> None:
    here = stage(
        "openai", "anthropic", "anthropic", prices=LARGE, gateway=CACHED, cache_url=redis_url
    )

    def ask(messages: Any, session: str | None) -> Any:
        return routed(here, "", session, messages=messages, temperature=0)

    asked = {"role": "user", "content": f"#c7# {'long ' * 2_000} [[tier complex]]"}
    following = {"role": "user", "content": "Now something else entirely. [[tier standard]]"}
    messages = [asked, ask([asked], "s").json()["choices"][0]["message"], following]
    assert tier_of(ask(messages, None)) == "standard"
    until(lambda: tier_of(ask(messages, None)) == "cache")
    assert tier_of(ask(messages, "s")) == "cache"
    until(lambda: here.gateway.recorded.exchanges[-1].session == "s")
    decision = here.gateway.recorded.exchanges[-1].decision
    assert (decision.tier, decision.reason) == ("standard", "kept")


def test_an_answer_that_is_not_given_again_costs_no_second_decision(
    stage: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage("anthropic", "openai", "anthropic", gateway=CACHED, cache_url=redis_url)
    messages = follow_up("yes")

    def ask(session: str | None = None) -> str:
        return tier_of(routed(here, "", session, messages=messages, temperature=0))

    assert ask() == "simple"
    until(lambda: ask() == "cache")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    seen = []
    classify = ReadsTheWish.classify

    def counted(self: ReadsTheWish, messages: Any, **said: Any) -> Any:
        seen.append(messages)
        return classify(self, messages, **said)

    monkeypatch.setattr(ReadsTheWish, "classify", counted)
    assert ask("s") == "complex"
    assert len(seen) == 1


def test_a_request_on_the_side_does_not_move_the_conversation(stage: Any) -> None:
    """Clients ask for titles and follow-ups in the session of the conversation."""
    here = stage("openai", "anthropic", "openai")
    asked = {"role": "user", "content": "#c1# Plan the move of our database. [[tier complex]]"}
    answer = routed(here, "", "s", messages=[asked]).json()["choices"][0]["message"]
    assert tier_of(routed(here, "Name this conversation in three words.", "s")) == "simple"
    # An answer that nobody remembers is taken to be the session's last.
    assert tier_of(routed(here, "", "s", messages=follow_up("yes"))) == "simple"
    for words in (asked, {"role": "user", "content": "#c1# Plan it. <time>10:41</time>"}):
        held = routed(here, "", "s", messages=[words, answer, {"role": "user", "content": "yes"}])
        assert (tier_of(held), held.headers["x-tierwatch-held"]) == ("complex", "continuation")
    # And not for another session that has the same answer.
    other = routed(here, "", "t", messages=[asked, answer, {"role": "user", "content": "yes"}])
    assert tier_of(other) == "simple"


LARGE = {"simple": Price(1, 5, 0.1), "standard": Price(3, 15, 0.3), "complex": Price(5, 25, 0.5)}


def counting(wire: Any, kind: str, *counts: dict[str, int]) -> list[Any]:
    """Answers of a provider that counts like this, one after the other."""
    said = wire.openai_reply if kind == "openai" else wire.anthropic_reply
    replies = []
    for number, parts in enumerate(counts):
        answer = json.loads(json.dumps(said))
        if kind == "openai":
            answer["choices"][0]["message"]["content"] = f"Answer {number}."
            answer["usage"] = {"prompt_tokens": 2_500, "completion_tokens": 4}
            answer["usage"] |= {"prompt_tokens_details": parts} if parts else {}
        else:
            answer["content"][0]["text"] = f"Answer {number}."
            answer["usage"] = {"input_tokens": 2_500, "output_tokens": 4} | parts
        replies.append(wire.json(answer))
    return replies


def read(tokens: int) -> dict[str, int]:
    return {"cached_tokens": tokens}


def both(read: int, written: int) -> dict[str, int]:
    return {"cache_read_input_tokens": read, "cache_creation_input_tokens": written}


# 2,500 tokens, 2 turns ahead: with W of them warm staying costs (W + 2,500) x .5 + (2,500 - W) x 5,
# moving 2,500 x (.3 + 3): staying pays from W = 1,223 on (answers of 4 tokens aside).
@pytest.mark.parametrize(
    ("kind", "counts", "tier"),
    [
        ("openai", [{}, {}], "complex"),  # nobody counted: taken to be warm
        ("openai", [{}, read(2_304)], "complex"),
        ("openai", [read(0), read(1_300)], "complex"),
        ("openai", [read(0), read(1_100)], "standard"),
        ("openai", [read(0), read(0)], "standard"),
        ("openai", [read(0)], "complex"),  # there was nothing to read yet
        ("anthropic", [{}], "complex"),
        ("anthropic", [both(0, 2_000)], "complex"),
        ("anthropic", [both(0, 0)], "standard"),  # the caller asked for no cache
        ("anthropic", [both(0, 2_000), both(2_000, 300)], "complex"),
        ("anthropic", [both(0, 2_000), both(0, 0)], "standard"),
    ],
)
def test_what_was_measured_to_be_warm_is_what_is_held_for(
    stage: Any, wire: Any, kind: str, counts: list[dict[str, int]], tier: str
) -> None:
    here = stage("openai" if kind == "anthropic" else "anthropic", "anthropic", kind, prices=LARGE)
    here.wires[2].replies = counting(wire, kind, *counts)
    messages = [{"role": "user", "content": f"#c1# {'long ' * 2_000}"}]
    for _ in counts:
        messages[-1]["content"] += " Tell me more about it. [[tier complex]]"
        response = routed(here, "", "s", messages=messages)
        assert tier_of(response) == "complex"
        messages += [response.json()["choices"][0]["message"], {"role": "user", "content": ""}]
    messages[-1]["content"] = "Now something else entirely, please. [[tier standard]]"
    last = routed(here, "", "s", messages=messages)
    assert tier_of(last) == tier
    assert last.headers.get("x-tierwatch-held") == ("warm_cache" if tier == "complex" else None)


@pytest.mark.parametrize("tool", [False, True])
def test_a_cache_that_ended_in_a_pause_or_a_slow_tool_is_filled_again(
    stage: Any, wire: Any, *, tool: bool
) -> None:
    """A count of 0 from a cold cache says nothing; one from a warm cache that nothing is cached."""
    here = stage("anthropic", "anthropic", "openai", prices=LARGE, sessions="{cache: 2s}")
    first, second = counting(wire, "openai", read(0), read(0))
    messages: list[Any] = [{"role": "user", "content": f"#c1# {'long ' * 2_000} [[tier complex]]"}]
    following = {"role": "user", "content": "Go on with all of it. [[tier complex]]"}
    if tool:
        call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": None, "tool_calls": [call]},
            "finish_reason": "tool_calls",
        }
        first = wire.json({**wire.openai_reply, "choices": [choice]})
        following = {"role": "tool", "tool_call_id": "call_1", "content": "[[tier complex]]"}
    here.wires[2].replies = [first, second]
    answer = routed(here, "", "s", messages=messages).json()["choices"][0]["message"]
    time.sleep(2.1)  # longer than a provider keeps a prompt
    messages += [answer, following]
    answer = routed(here, "", "s", messages=messages).json()["choices"][0]["message"]
    other = {"role": "user", "content": "Now something else entirely, please. [[tier standard]]"}
    held = routed(here, "", "s", messages=[*messages, answer, other])
    assert (tier_of(held), held.headers["x-tierwatch-held"]) == ("complex", "warm_cache")


def test_nobody_is_held_for_a_cache_at_a_deployment_that_is_left_alone(
    stage: Any, wire: Any
) -> None:
    here = stage(
        "anthropic",
        "anthropic",
        "openai",
        prices=LARGE,
        balance="{breaker: {failures: 1, open_for: 1m}}",
    )
    here.wires[2].replies = [*counting(wire, "openai", {}), wire.json({}, 500), wire.json({}, 500)]
    asked = {"role": "user", "content": f"#c1# {'long ' * 2_000} [[tier complex]]"}
    other = {"role": "user", "content": "Now something else entirely, please. [[tier standard]]"}
    answer = routed(here, "", "s", messages=[asked]).json()["choices"][0]["message"]
    held = routed(here, "", "s", messages=[asked, answer, other])
    # Held, and since nobody answered there the router's choice served.
    assert tier_of(held) == "standard"
    failed = here.counted("session_turns", "move")
    assert failed["warm_cache"] == 1
    following = routed(here, "", "s", messages=[asked, answer, other])
    assert tier_of(following) == "standard"
    assert here.counted("session_turns", "move") == failed | {"down": 1}


def test_nothing_is_held_where_it_is_switched_off(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai", sessions="{sticky: false}")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    assert tier_of(routed(here, "", "s", messages=follow_up("yes"))) == "simple"
    for number in range(20):  # histories are made readable all the same
        caller = AnthropicCaller(here.gateway.client, stream=bool(number % 2), headers={})
        for tier in ("standard", "simple", "complex", "standard", "standard"):
            caller.says(f"#c{number}# [[call 1]] [[tier {tier}]]")
            while calls := caller.asks():
                caller.answers([(call, f"sunny [[tier {tier}]]") for call in calls])
    assert here.refused == []


def test_a_pin_ends_after_silence(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai", sessions="{idle: 300ms}")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    assert tier_of(routed(here, "", "s", messages=follow_up("yes"))) == "complex"
    time.sleep(0.35)
    assert tier_of(routed(here, "", "s", messages=follow_up("yes"))) == "simple"


def test_what_the_caller_names_is_served_whatever_stands(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    named = routed(here, "", "s", messages=follow_up("yes"), model="simple")
    assert (tier_of(named), "x-tierwatch-held" in named.headers) == ("simple", False)


def test_two_tenants_who_name_their_sessions_alike_share_nothing(stage: Any) -> None:
    here = stage("openai", "anthropic", "openai")
    alice = {"authorization": "Bearer alice"}
    bob = {"authorization": "Bearer bob"}
    assert tier_of(routed(here, "[[tier complex]]", "1", headers=alice)) == "complex"
    yes = {"messages": follow_up("yes")}
    assert tier_of(routed(here, "", "1", headers=bob, **yes)) == "simple"
    assert tier_of(routed(here, "", "1", headers=alice, **yes)) == "complex"
    assert tier_of(routed(here, "", "1", **yes)) == "simple"


@pytest.mark.parametrize("end", ["a", "b"])
def test_a_session_of_10_kb_is_told_from_another(stage: Any, end: str) -> None:
    here = stage("openai", "anthropic", "openai")
    name = "x" * 10_240
    assert tier_of(routed(here, "[[tier complex]]", name + "a")) == "complex"
    held = tier_of(routed(here, "", name + end, messages=follow_up("yes")))
    assert held == ("complex" if end == "a" else "simple")
    long = {"metadata": {"session_id": name + "ü\ud800"}}
    assert tier_of(routed(here, "[[tier complex]]", **long)) == "complex"
    assert tier_of(routed(here, "", messages=follow_up("yes"), **long)) == "complex"


def test_turns_of_one_session_at_once_do_not_end_each_others_tool_exchange(stage: Any) -> None:
    """The last to finish is the session's pin; an answer's own pin holds its exchange."""
    here = stage("openai", "anthropic", "openai")
    headers = {"x-session-id": "shared"}

    def talk(number: int) -> None:
        tier = TIERS[number % 3]
        caller = OpenAICaller(here.gateway.client, stream=bool(number % 2), headers=headers)
        for _ in range(3):
            caller.says(f"#c{number}# [[call 2]] [[tier {tier}]]")
            calls = caller.asks()
            while calls:
                before = caller.tier
                caller.answers([(call, "sunny [[tier simple]]") for call in calls])
                calls = caller.asks()
                assert TIERS.index(caller.tier) >= TIERS.index(before)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(talk, range(24)))
    assert here.refused == []


def test_a_configuration_that_changed_under_a_pin(
    stage: Any, start_gateway: Any, openai_provider: Any, redis_url: str
) -> None:
    """Another gateway on the same Redis has other tiers: what fits holds, the rest is forgotten."""
    here = stage("openai", "anthropic", "openai", redis_url=redis_url)
    # Several, since a machine under load may miss the 10 ms of a look.
    names = [f"changed {random.random()}" for _ in range(6)]
    for name, tier in zip(names, ("complex", "standard") * 3, strict=True):
        shared(here.gateway)
        assert tier_of(routed(here, f"[[tier {tier}]]", name)) == tier
        until(lambda name=name: pin_of(redis_url, name) is not None)
    changed = start_gateway(
        openai_provider, redis_url=redis_url, names=("simple", "vast", "complex"), models="new"
    )
    there = replace(here, gateway=changed)
    shared(changed)
    # Tier complex has another model by now, and holds; tier standard is gone.
    seen = []
    for name in names:
        looks = there.counted("pin_looks", "answer").get("shared", 0)
        held = routed(there, "", name, messages=follow_up("yes"))
        if there.counted("pin_looks", "answer").get("shared", 0) > looks:
            seen.append((tier_of(held), held.headers["x-tierwatch-model"]))
    assert set(seen) == {("complex", "new-complex"), ("simple", "new-simple")}


def test_a_held_tier_that_is_down_is_replaced_but_not_in_a_tool_exchange(
    stage: Any, anthropic_provider: Any, wire: Any
) -> None:
    here = stage("openai", "openai", "anthropic")
    assert tier_of(routed(here, "[[tier complex]]", "s")) == "complex"
    strict, anthropic_provider.usual = anthropic_provider.usual, wire.json({}, 503)
    spare = routed(here, "", "s", messages=follow_up("yes"))
    assert (tier_of(spare), "x-tierwatch-held" in spare.headers) == ("simple", False)
    anthropic_provider.usual = strict
    caller = OpenAICaller(here.gateway.client, stream=False, headers={})
    caller.says("#c7# [[call 1]] [[tier complex]]")
    (call,) = caller.asks()
    caller.answers([(call, "sunny")])
    anthropic_provider.usual = wire.json({}, 503)
    with pytest.raises(AssertionError, match="503"):
        caller.asks()
    anthropic_provider.usual = strict
    assert caller.asks() == []
    assert caller.tier == "complex"


def test_a_tier_below_the_held_one_that_is_down_concerns_nobody(
    stage: Any, openai_provider: Any, wire: Any
) -> None:
    here = stage("openai", "anthropic", "anthropic")
    assert tier_of(routed(here, "[[tier standard]]", "s")) == "standard"
    openai_provider.usual = wire.json({}, 503)
    assert tier_of(routed(here, "", "s", messages=follow_up("yes"))) == "standard"
    # Between turns the cheap tier is tried, and the next one up answers.
    other = routed(here, "", "s", messages=follow_up("Now tell me something else entirely."))
    assert tier_of(other) == "standard"


@pytest.mark.parametrize("kind", [OpenAICaller, AnthropicCaller])
def test_a_provider_that_fails_in_a_tool_exchange_is_followed_by_the_next_tier_up(
    stage: Any, openai_provider: Any, wire: Any, kind: Any
) -> None:
    here = stage("openai", "anthropic", "openai")
    caller = kind(here.gateway.client, stream=False, headers={"x-session-id": "s"})
    caller.says("#c6# [[call 2]] [[tier simple]]")
    calls = caller.asks()
    assert (caller.tier, len(calls)) == ("simple", 2)
    caller.answers([(call, "sunny [[tier simple]]") for call in calls])
    openai_provider.usual = wire.json({}, 503)
    expected = list(caller.said)
    assert caller.asks() == []
    assert caller.tier == "standard"
    assert here.heard(6)[-1].said == expected
    # The tier that answered is where the conversation stands now.
    caller.says("yes")
    caller.asks()
    assert caller.tier == "standard"
    assert here.refused == []


def test_an_answer_that_was_cut_is_no_place_to_stand(
    stage: Any, openai_provider: Any, wire: Any
) -> None:
    here = stage("openai", "anthropic", "openai")
    begun = wire.openai_chunks("Par", finish=None, done=False)
    openai_provider.replies = [wire.stream(*begun, cut=True)]
    cut = routed(here, "[[tier complex]]", "s", stream=True)
    assert (tier_of(cut), "[DONE]" in cut.text) == ("complex", False)
    assert tier_of(routed(here, "", "s", messages=follow_up("yes"))) == "simple"


def test_two_gateways_hold_one_conversation(
    stage: Any,
    start_gateway: Any,
    tmp_path: Any,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A gateway that hears of a pin too late goes its own way, as it should: not what is tested.
    monkeypatch.setattr("tierwatch.gateway.memory.pins.BUDGET_S", 5.0)
    one = stage("openai", "anthropic", "anthropic", redis_url=redis_url)
    two = start_gateway(*one.wires, redis_url=redis_url, router=_Wishes(tmp_path), timeout_s=10)
    shared(one.gateway)
    shared(two)
    for number in range(20):
        alternate((one.gateway.client, two.client), number, redis_url)
    assert one.refused == []
    for gateway in (one.gateway, two):
        there = replace(one, gateway=gateway)
        assert there.counted("pin_looks", "answer")["shared"] >= 50


def alternate(clients: tuple[Any, Any], number: int, redis_url: str) -> None:
    """Hold a conversation whose turns go to one gateway and the other in turn."""
    session = f"{number} {random.random()}"
    kind = AnthropicCaller if number % 2 else OpenAICaller
    caller = kind(clients[0], stream=number % 4 < 2, headers={"x-session-id": session})
    turns = count()

    def ask() -> list[str]:
        before, seen = caller.tier, pin_of(redis_url, session)
        in_exchange = caller.said[-1][0] == "result"
        calls = caller.asks(clients[next(turns) % 2])
        assert not in_exchange or TIERS.index(caller.tier) >= TIERS.index(before)
        until(lambda: pin_of(redis_url, session) != seen)
        return calls

    for tier in ("complex", "simple", "standard"):
        caller.says(f"#c{number}# [[call 2]] [[tier {tier}]]")
        calls = ask()
        while calls:
            caller.answers([(call, "sunny [[tier simple]]") for call in calls])
            calls = ask()


def shared(gateway: Any) -> None:
    """Wait until the gateway hears from Redis."""

    def answered() -> bool:
        messages = [{"role": "user", "content": "#c0# hello"}]
        body = {"model": "auto", "messages": messages}
        gateway.client.post(
            "/v1/chat/completions", json=body, headers={"x-session-id": f"{random.random()}"}
        )
        return 'answer="shared"' in gateway.client.get("/metrics").text

    until(answered)


def pin_of(redis_url: str, session: str) -> Any:
    key = pin_key(hashlib.sha256(b"").digest(), "session", session)
    with redis.Redis.from_url(redis_url) as client:
        return client.get(key)


def until(condition: Any, seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_a_message_nobody_remembers_goes_through_where_one_model_can_have_written_it(
    stage: Any,
) -> None:
    """A restarted gateway knows nothing: what it cannot place it strips, and nobody refuses."""
    here = stage("openai", "anthropic", "anthropic")
    strict = here.providers[1]
    strict.issued["sig"] = "model-standard"
    thinking = {"type": "thinking", "thinking": "Thought sig", "signature": "sig"}
    use = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
    messages = [
        {"role": "user", "content": "#c3# Weather? [[tier standard]]"},
        {"role": "assistant", "content": [thinking, use]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
                {"type": "text", "text": "[[tier standard]]"},
            ],
        },
    ]
    body = {
        "messages": messages,
        "max_tokens": 4_096,
        "thinking": {"type": "enabled", "budget_tokens": 1_024},
        "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
    }
    post = here.gateway.client.post
    assert post("/v1/messages", json={"model": "auto", **body}).status_code == 200
    assert here.heard(3)[-1].own_reasoning == 0
    assert "thinking" not in here.heard(3)[-1].body
    # Its caller vouches for a model that it names: nothing is touched.
    named = post("/v1/messages", json={"model": "model-standard", **body})
    assert named.status_code == 200
    assert here.heard(3)[-1].body["messages"] == messages
    assert here.refused == []
    # With one model on the wire there is nobody else who can have written it.
    alone = stage("openai", "openai", "anthropic")
    strict.issued["sig"] = "model-complex"
    messages[-1]["content"][1]["text"] = "[[tier complex]]"  # type: ignore[index]
    assert alone.gateway.client.post(
        "/v1/messages", json={"model": "auto", **body}
    ).status_code == 200  # fmt: skip
    assert alone.heard(3)[-1].body["messages"] == messages


@pytest.mark.parametrize("stream", [False, True])
def test_openais_own_client_holds_a_conversation(stage: Any, *, stream: bool) -> None:
    here = stage("openai", "anthropic", "openai")
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    messages: Any = []
    url = f"{here.gateway.url}/v1"
    with openai.OpenAI(base_url=url, api_key="mine", max_retries=0) as client:
        for turn, tier in enumerate(("simple", "standard", "complex", "simple")):
            messages.append({"role": "user", "content": f"#c8# {turn} [[call 2]] [[tier {tier}]]"})
            while messages[-1]["role"] != "assistant":
                arguments: Any = {"model": "auto", "messages": messages, "tools": tools}
                if stream:
                    with client.chat.completions.stream(**arguments) as events:
                        said = events.get_final_completion().choices[0].message
                else:
                    said = client.chat.completions.create(**arguments).choices[0].message
                messages.append(said.model_dump())
                for call in said.tool_calls or []:
                    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
                    messages.append(result)
    assert here.refused == []
    told = [one[0] for one in here.heard(8)[-1].said]
    assert (told.count("user"), told.count("call"), told.count("result")) == (4, 8, 8)


@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_own_client_holds_a_conversation(stage: Any, *, stream: bool) -> None:
    here = stage("openai", "anthropic", "anthropic")
    tools: Any = [{"name": "weather", "input_schema": {"type": "object"}}]
    messages: Any = []
    fields: Any = {
        "model": "auto",
        "max_tokens": 4_096,
        "tools": tools,
        "thinking": {"type": "enabled", "budget_tokens": 1_024},
    }
    with anthropic.Anthropic(base_url=here.gateway.url, api_key="mine", max_retries=0) as client:
        for turn, tier in enumerate(("standard", "standard", "simple", "complex", "standard")):
            messages.append({"role": "user", "content": f"#c9# {turn} [[call 2]] [[tier {tier}]]"})
            while messages[-1]["role"] != "assistant":
                if stream:
                    with client.messages.stream(messages=messages, **fields) as events:
                        said = events.get_final_message()
                else:
                    said = client.messages.create(messages=messages, **fields)
                content = [block.model_dump(exclude_none=True) for block in said.content]
                messages.append({"role": "assistant", "content": content})
                results = [
                    {"type": "tool_result", "tool_use_id": block.id, "content": "sunny"}
                    for block in said.content
                    if block.type == "tool_use"
                ]
                if results:
                    messages.append({"role": "user", "content": results})
    assert here.refused == []
    told = [one[0] for one in here.heard(9)[-1].said]
    assert (told.count("user"), told.count("call"), told.count("result")) == (5, 10, 10)
    assert sum(one.own_reasoning for one in here.heard(9)) >= 5
