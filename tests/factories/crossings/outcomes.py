"""What became of one request: it passed, was fitted, was refused with a sentence, or is at fault.

A fault is: something did not arrive and nothing names it; the answer that arrived is not the one
that was given; an error without a sentence; an end that looks whole and is not.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx
from factories.crossings.losses import losses, read
from factories.crossings.replies import Got, read_stream, read_whole
from factories.crossings.scenarios import PATHS, Body, Scenario, next_turn
from fakes.vendor.server import Heard, Vendor

PASSED, FITTED, REFUSED, ERROR = "pass", "fitted", "refused", "error"
# Served by another tier, since this one is known not to take it.
ELSEWHERE = "another tier"
VENDOR_WIRES = {path: wire for wire, path in PATHS.items()}
_GENERIC = re.compile(r"The provider answered \d+\.?|Bad Request|Internal Server Error")


class Outcome(NamedTuple):
    """What became of a request."""

    # pass | fitted | refused | another tier | error (that the vendor had), or "" with faults.
    kind: str
    # What was fitted, or the sentence.
    words: str
    faults: tuple[str, ...]


@dataclass
class Cell:
    """A scenario on its way from a caller's wire to a tier; all its requests and answers."""

    client: httpx.Client
    vendor: Vendor
    caller: str
    tier: str
    scenario: Scenario
    stream: bool

    def outcome(self) -> Outcome:
        """Play the scenario to its end, and judge each of its turns."""
        asked = self.scenario.bodies[self.caller]
        assert asked is not None
        body: Body = {"model": self.tier, **asked, **({"stream": True} if self.stream else {})}
        if self.stream and self.caller == "openai":
            body["stream_options"] = {"include_usage": True}
        kinds, words, faults = set(), [], []
        for turn in range(self.scenario.turns + (self.scenario.turns > 1)):
            one, whole = self._turn(body)
            kinds.add(one.kind)
            words.append(one.words)
            faults += [f"turn {turn + 1}: {fault}" for fault in one.faults]
            if one.kind not in {PASSED, FITTED} or faults or self.scenario.turns == 1:
                break
            if turn < self.scenario.turns:
                body = next_turn(self.caller, body, whole, [f"sunny {turn}"])
        if not faults and self.scenario.turns > 1 and kinds <= {PASSED, FITTED}:
            text = json.dumps(whole)
            if f"sunny {self.scenario.turns - 1}" not in text:
                faults.append("the loop did not come to its end")
        kind = next((k for k in (ERROR, REFUSED, ELSEWHERE, FITTED, PASSED) if k in kinds), "")
        return Outcome("" if faults else kind, "; ".join(dict.fromkeys(filter(None, words))),
                       tuple(faults))  # fmt: skip

    def _turn(self, body: Body) -> tuple[Outcome, Any]:
        """One request and its answer; a streamed one is asked whole as well, for the next turn."""
        before = len(self.vendor.heard)
        reply = self._post(body)
        heard = [one for one in self.vendor.heard[before:] if one.path in VENDOR_WIRES]
        one = self._judged(body, reply, heard)
        whole = None
        if self.scenario.turns > 1 and not one.faults:
            shown = {k: v for k, v in body.items() if k not in {"stream", "stream_options"}}
            whole = reply if not self.stream else self._post(shown)
            whole = whole.json()
        return one, whole

    def _post(self, body: Body) -> httpx.Response:
        path = PATHS[self.caller]
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return self.client.post(path, content=content, headers=headers)

    def _judged(self, body: Body, reply: httpx.Response, heard: list[Heard]) -> Outcome:
        streamed = reply.headers.get("content-type", "").startswith("text/event-stream")
        got = (
            read_stream(self.caller, reply.content)
            if streamed
            else read_whole(self.caller, reply.status_code, reply.content)
        )
        faults = list(got.problems)
        if reply.status_code != 200:
            return self._refused(reply, got, heard, faults)
        if not heard:
            return Outcome("", "", ("200, and the vendor was not asked",))
        if streamed != self.stream:
            faults.append("the other shape of answer came back")
        named = reply.headers.get("x-tierwatch-fitted", "")
        if reply.headers.get("x-tierwatch-tier") != self.tier:
            return Outcome(ELSEWHERE, "", tuple(faults))
        last = heard[-1]
        wire = VENDOR_WIRES[last.path]
        if last.asked is not None:
            faults += self._silent(body, last, named)
        if wire == self.caller:
            faults += self._changed(body, last, reply, named)
        faults += self._answer_faults(got, last, wire)
        kind = FITTED if named else PASSED
        if self.scenario.within:
            kind, named = ERROR, got.error
        return Outcome(kind, named, tuple(faults))

    def _refused(
        self, reply: httpx.Response, got: Got, heard: list[Heard], faults: list[str]
    ) -> Outcome:
        if not got.error.strip() or _GENERIC.fullmatch(got.error.strip()):
            faults.append(f"no sentence: {reply.content[:120]!r}")
        expected = self.scenario.status
        if expected != 200:
            if heard and heard[-1].status != expected:
                faults.append(f"refused in place of {expected}: {got.error}")
            elif reply.status_code < 400 or (expected == 429) != (reply.status_code == 429):
                faults.append(f"{expected} arrived as {reply.status_code}")
            return Outcome(ERROR, got.error, tuple(faults))
        if reply.status_code == 404 or not 400 <= reply.status_code < 500:
            faults.append(f"a refusal arrived as {reply.status_code}: {got.error}")
        return Outcome(REFUSED, got.error, tuple(faults))

    def _silent(self, body: Body, last: Heard, named: str) -> list[str]:
        """What was lost and is not named."""
        assert last.asked is not None
        words = set(re.split(r"[^\w]+", named))
        return [
            f"silent: {loss.name}: {loss.detail}"
            for loss in losses(read(self.caller, body), last.asked)
            if words.isdisjoint({loss.name, *loss.also, *loss.name.split(".")})
        ]

    def _changed(self, body: Body, last: Heard, reply: httpx.Response, named: str) -> list[str]:
        """On one wire bytes pass, but for the model's name."""
        faults = []
        model = last.json.get("model")
        wanted = {**body, "model": model}
        sent = json.dumps(wanted, separators=(",", ":"), ensure_ascii=False).encode()
        if last.body != sent and not named:
            changed = [k for k in {*wanted, *last.json} if wanted.get(k) != last.json.get(k)]
            faults.append(f"the request changed on its own wire: {changed or 'its bytes'}")
        if not self.scenario.within and reply.content != last.sent:
            faults.append("the answer changed on its own wire")
        return faults

    def _answer_faults(self, got: Got, last: Heard, wire: str) -> list[str]:
        if self.scenario.within:
            if got.ended:
                return ["an answer that broke looks whole"]
            return [] if got.error else ["a break without an error"]
        if got.error:
            return [f"error: {got.error}"]
        given = read_stream(wire, last.sent) if last.asked and last.asked.stream else read_whole(
            wire, 200, last.sent)  # fmt: skip
        return [] if not got.ended and not given.ended else _differences(given, got)


def _differences(given: Got, got: Got) -> list[str]:
    faults = [] if got.ended else ["a whole answer without its end"]
    told = given.text + given.refusal
    # One fence is taken off JSON that was asked for.
    bare = told.removeprefix("```json\n").removesuffix("\n```")
    if got.text + got.refusal not in {told, bare}:
        faults.append(f"the answer's words: {given.text[:60]!r} became {got.text[:60]!r}")
    calls = [(name, told) for _, name, told in given.calls]
    if calls != [(name, told) for _, name, told in got.calls]:
        faults.append(f"the calls: {calls!r:.200} became {got.calls!r:.200}")
    named = [name for name, _, _ in got.calls]
    if len(set(named)) != len(named) or not all(named):
        faults.append("calls without ids of their own")
    if given.end != got.end and not (given.refusal and got.refusal):
        faults.append(f"the end: {given.end} became {got.end}")
    tokens = {
        "prompt": (given.prompt, got.prompt),
        "completion": (given.completion, got.completion),
    }
    changed = [f"{n} tokens: {a} became {b}" for n, (a, b) in tokens.items() if a != b]
    return [*faults, *changed]
