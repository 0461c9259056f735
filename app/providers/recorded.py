"""A model provider that answers from a recording, over OpenAI's wire.

Behind a gateway it gives each tier's recorded answer; asked as the judge or the classifier, with
their real prompts, it answers what the recording says, with as much noise and as many faults as
`RecordedOptions` asks for. Everything random is hashed from the seed, so a run can be repeated.

Evalsets were not recorded, so what it says of them is made up: an anchor gets its correct verdict,
with the judge's noise; a tier passes the share of probes that is its mean recorded score over the
stretch of the recording that is being served. So a tier that gets worse in the recording gets worse
at the probes.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tierwatch.errors import UsageError
from tierwatch.evalsets import Anchor, Probe
from tierwatch.providers.recorded_reply import (
    FAULTS,
    WHOLE_FAULTS,
    chat_completion,
    fault_response,
    refusal,
    reply_response,
)
from tierwatch.providers.recordings import (
    RecordedPair,
    Recordings,
    same_text,
    sufficient_tiers,
    tokens,
    usage,
)
from tierwatch.providers.traffic_file import RecordedAnswer, RecordedExchange
from tierwatch.routing.content import message_text
from tierwatch.routing.policy import hashed_share
from tierwatch.routing.tiers import Price
from tierwatch.wire.usage import estimated_tokens, request_characters

_FENCED = r"<<<{name} (?P<nonce>[0-9a-f]+)\n(?P<text>.*?)\n?{name} (?P=nonce)>>>"
_ANSWER_A, _ANSWER_B, _CONVERSATION, _PROMPT = (
    re.compile(_FENCED.format(name=name), re.DOTALL)
    for name in ("ANSWER_A", "ANSWER_B", "CONVERSATION", "PROMPT")
)
# The routing classifier fences with one line, made of the text's hash, on either side.
_BARE_FENCE = re.compile(r"(?P<fence><<<[0-9a-f]+>>>)\n(?P<text>.*)\n(?P=fence)", re.DOTALL)

# The stretch of the recording whose scores say how many probes a tier passes: a tenth of it.
_LEAST_STRETCH, _LONGEST_STRETCH = 100, 1_000

_FILLER = "This request is not in the recording; the same request always gets this same answer. "


@dataclass(frozen=True, slots=True)
class RecordedOptions:
    """How the recorded provider behaves.

    Attributes:
        latency_s: before the first byte.
        jitter: share by which a request's latency may differ, both ways, in [0, 1].
        error_rates: share of requests that fail, by fault: ``429 | 500 | cut`` (the socket is
            closed mid-way) ``| garbage`` (broken JSON) ``| html | empty``.
        position_consistency: probability that the judge's verdict stays when the answers are
            swapped; otherwise it names whichever answer comes first. 0.93 was measured of GPT-4,
            0.66 of ChatGPT.
        flip_rate: probability that the judge prefers the other answer than the recorded one, in
            both orders; a tie becomes either.
        judge_noise_from: the judge repeats the recording exactly for this many requests before
            the two rates above apply.
        classifier_accuracy: mean of the classifier's confidence that the request's kind of task
            needs the tier it names (`sufficient_tiers`), which is calibrated: a label given with
            confidence c is right with probability c. In [0.5, 1].
        unknown: ``refuse`` a prompt that was not recorded with 404, or ``echo`` filler.
        seed: of everything random.
    """

    latency_s: float = 0.0
    jitter: float = 0.0
    error_rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    position_consistency: float = 1.0
    flip_rate: float = 0.0
    judge_noise_from: int = 0
    classifier_accuracy: float = 0.8
    unknown: Literal["refuse", "echo"] = "refuse"
    seed: int = 0

    def __post_init__(self) -> None:
        strange = sorted(set(self.error_rates) - set(FAULTS))
        if strange:
            raise UsageError(f"error_rates: found {strange}; accepted {', '.join(FAULTS)}")
        if min([0.0, *self.error_rates.values()]) < 0 or sum(self.error_rates.values()) > 1:
            raise UsageError("error_rates: shares of 0 or more, together at most 1, are accepted")


class _NotRecordedError(LookupError):
    """The recording has no answer to this request; the message says what was looked for."""


def build_recorded_app(
    exchanges: Iterable[RecordedExchange],
    *,
    tier_of_model: Mapping[str, str],
    judge_models: AbstractSet[str] = frozenset(),
    classifier_models: AbstractSet[str] = frozenset(),
    options: RecordedOptions | None = None,
    aliases: Sequence[tuple[str, str]] = (),
    redact: Callable[[str], str] | None = None,
    prices: Mapping[str, Price] | None = None,
    anchors: Sequence[Anchor] = (),
    probes: Sequence[Probe] = (),
) -> Starlette:
    """Build the provider: ``/v1/chat/completions``, ``/v1/models``, ``/healthz``.

    Args:
        exchanges: in order of arrival.
        tier_of_model: which tier's answers a model gives.
        judge_models: models that are asked to compare two answers.
        classifier_models: models that are asked to name a tier.
        options: behaviour; by default immediate and without faults.
        aliases: (other name, model) pairs.
        redact: what stored texts went through; texts are found in either form. It runs over the
            whole recording when a text is first not found as recorded.
        prices: by tier, so that the usage reported costs what was recorded; without them four
            characters are a token.
        anchors: pairs of known verdict that the judge may be asked about.
        probes: prompts of known answer that a tier may be asked.
    """
    known = Recordings(exchanges)
    provider = _RecordedProvider(
        known,
        Recordings(known.exchanges, redact) if redact else None,
        tier_of_model=tier_of_model,
        judge_models=judge_models,
        classifier_models=classifier_models,
        options=options or RecordedOptions(),
        aliases=dict(aliases),
        prices=prices or {},
        anchors=anchors,
        probes=probes,
    )
    return Starlette(
        routes=[
            Route("/v1/chat/completions", provider.chat, methods=["POST"]),
            Route("/v1/models", provider.list_models),
            Route("/healthz", provider.health),
            Route("/health", provider.health),
        ]
    )


def server(app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A server for the app that has not started; ``run()`` serves until a signal arrives."""
    config = uvicorn.Config(
        app, host=host, port=port, log_level="critical", access_log=False, lifespan="off"
    )
    return uvicorn.Server(config)


def serve(app: Starlette, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve the app until SIGINT or SIGTERM."""
    server(app, host=host, port=port).run()


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    usage: Mapping[str, int]


class _RecordedProvider:
    """The endpoints, and the counters that make repeated requests differ."""

    def __init__(
        self,
        known: Recordings,
        redacted: Recordings | None,
        *,
        tier_of_model: Mapping[str, str],
        judge_models: AbstractSet[str],
        classifier_models: AbstractSet[str],
        options: RecordedOptions,
        aliases: Mapping[str, str],
        prices: Mapping[str, Price],
        anchors: Sequence[Anchor],
        probes: Sequence[Probe],
    ) -> None:
        self._forms = [known] if redacted is None else [known, redacted]
        self._tier_of_model = tier_of_model
        self._judge_models = judge_models
        self._classifier_models = classifier_models
        self._options = options
        self._aliases = aliases
        self._prices = prices
        self._served: Counter[tuple[str, str]] = Counter()
        self._attempts: Counter[str] = Counter()
        self._judged = 0
        self._sufficient = sufficient_tiers(known.exchanges)
        self._anchors = Recordings([_anchor_exchange(anchor) for anchor in anchors])
        self._probes = {same_text(probe.prompt): probe for probe in probes}
        self._places = {exchange.id: place for place, exchange in enumerate(known.exchanges)}
        self._reached = 0

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "exchanges": len(self._forms[0].exchanges)})

    async def list_models(self, _request: Request) -> Response:
        names = {*self._tier_of_model, *self._judge_models, *self._classifier_models}
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": "recorded"}
            for name in sorted(names | set(self._aliases))
        ]
        return JSONResponse({"object": "list", "data": rows})

    async def chat(self, http_request: Request) -> Response:
        body = await http_request.body()
        request = _chat_request(body)
        if request is None:
            return refusal(400, "The request is not a chat request.", "invalid_request")
        digest = hashlib.blake2b(body, digest_size=8).hexdigest()
        if self._options.error_rates:  # otherwise a long benchmark would fill the counter
            self._attempts[digest] += 1
        key = f"{digest}#{self._attempts[digest]}"
        await self._wait(key)
        fault = self._fault(key)
        if fault in WHOLE_FAULTS:
            return fault_response(fault)
        try:
            answer = await self._answer(request)
        except _NotRecordedError as error:
            return refusal(404, str(error), "not_recorded")
        whole = chat_completion(digest, str(request.get("model")), answer.text, answer.usage)
        return reply_response(whole, request, breaks=fault)

    async def _wait(self, key: str) -> None:
        if self._options.latency_s > 0:
            way = 2 * self._chance("latency", key) - 1
            await asyncio.sleep(self._options.latency_s * (1 + self._options.jitter * way))

    def _fault(self, key: str) -> str | None:
        chance = self._chance("fault", key) if self._options.error_rates else 1.0
        for fault in FAULTS:
            chance -= self._options.error_rates.get(fault, 0.0)
            if chance < 0:
                return fault
        return None

    def _chance(self, what: str, key: str) -> float:
        return hashed_share(f"{self._options.seed}:{what}", key)

    async def _answer(self, request: Mapping[str, Any]) -> _Answer:
        named = str(request.get("model"))
        model = self._aliases.get(named, named)
        if model in self._judge_models:
            verdict = await self._verdict(_text_of(request))
            return _counted(request, orjson.dumps(verdict).decode())
        if model in self._classifier_models:
            label = await self._label(_text_of(request))
            return _counted(request, orjson.dumps(label).decode())
        tier = self._tier_of_model.get(model)
        if tier is None:
            raise _NotRecordedError(f"The recorded provider has no model {named!r}.")
        return await self._recorded_answer(request, tier)

    async def _recorded_answer(self, request: Mapping[str, Any], tier: str) -> _Answer:
        probe = self._probe(request)
        if probe is not None:
            passes = self._chance("probe", f"{probe.id}|{tier}") < self._recent_score(tier)
            return _counted(request, probe.answer if passes else probe.wrong)
        metadata = request.get("metadata")
        hint = metadata.get("recorded_id") if isinstance(metadata, dict) else None
        hinted = self._forms[0].by_id(hint)
        messages = request["messages"]
        found = [hinted] if hinted else await self._search(lambda r: r.by_messages(messages))
        found = [exchange for exchange in found or () if tier in exchange.answers]
        if not found:
            if self._options.unknown == "echo":
                digest = hashlib.blake2b(repr(messages).encode("utf-8", "replace"), digest_size=8)
                return _counted(request, f"{_FILLER}[{digest.hexdigest()}]")
            raise _NotRecordedError(f"This prompt has no recorded answer of the tier {tier!r}.")
        # One prompt asked twice is answered from the first recording, then from the second.
        turn = (found[0].id, tier)
        exchange = found[min(self._served[turn], len(found) - 1)]
        self._served[turn] += 1
        self._reached = max(self._reached, self._places[exchange.id])
        price = self._prices.get(tier)
        prices = (price.input_usd_per_mtok, price.output_usd_per_mtok) if price else None
        return _Answer(exchange.answers[tier].text, tokens(exchange, tier, prices))

    def _probe(self, request: Mapping[str, Any]) -> Probe | None:
        messages = request["messages"]
        if not self._probes or len(messages) != 1:
            return None
        return self._probes.get(same_text(message_text(messages[0])))

    def _recent_score(self, tier: str) -> float:
        """Mean recorded score of a tier's answers up to where the recording is being served."""
        exchanges = self._forms[0].exchanges
        stretch = min(_LONGEST_STRETCH, max(_LEAST_STRETCH, len(exchanges) // 10))
        end = max(self._reached + 1, stretch)
        answers = [exchange.answers.get(tier) for exchange in exchanges[end - stretch : end]]
        scores = [answer.score for answer in answers if answer and answer.score is not None]
        return sum(scores) / len(scores) if scores else 1.0

    async def _search(self, find: Callable[[Recordings], Any]) -> Any:
        found = find(self._forms[0])
        if not found and len(self._forms) > 1:
            # The first search redacts the whole recording: seconds, so not on the event loop.
            found = await asyncio.to_thread(find, self._forms[1])
        return found

    async def _verdict(self, text: str) -> dict[str, str]:
        fenced = [pattern.search(text) for pattern in (_ANSWER_A, _ANSWER_B)]
        answer_a, answer_b = (match["text"] if match else None for match in fenced)
        if answer_a is None or answer_b is None:
            raise _NotRecordedError("The judge's prompt has no two fenced answers.")
        asked = _CONVERSATION.search(text)
        conversation = asked["text"] if asked else text
        pair: RecordedPair | None = await self._search(
            lambda recordings: recordings.pair(answer_a, answer_b, conversation)
        )
        if pair is None:
            pair = self._anchors.pair(answer_a, answer_b, conversation)
        if pair is None:
            raise _NotRecordedError("These two answers are of no one recorded exchange.")
        if pair.preferred is None:
            raise _NotRecordedError(
                f"Exchange {pair.exchange.id}: no verdict between {pair.tier_a} and {pair.tier_b}."
            )
        self._judged += 1
        noisy = self._judged > self._options.judge_noise_from
        verdict = self._with_noise(pair, pair.preferred) if noisy else pair.preferred
        return {"reason": f"Recorded as {verdict}.", "verdict": verdict}

    def _with_noise(self, pair: RecordedPair, preferred: str) -> str:
        # Keyed by the pair whatever the order, so that both orders share one fate.
        low, high = sorted((pair.tier_a, pair.tier_b))
        key = f"{pair.exchange.id}|{low}|{high}"
        if self._chance("position", key) >= self._options.position_consistency:
            return "A"
        if self._chance("flip", key) >= self._options.flip_rate:
            return preferred
        if preferred == "tie":
            favoured = low if self._chance("side", key) < 0.5 else high  # noqa: PLR2004 - a coin
            return "A" if favoured == pair.tier_a else "B"
        return "B" if preferred == "A" else "A"

    async def _label(self, text: str) -> dict[str, Any]:
        fenced = _PROMPT.search(text) or _BARE_FENCE.search(text)
        if fenced is None:
            raise _NotRecordedError("The classifier's prompt has no fenced request.")
        prompt = fenced["text"]
        exchange = await self._search(lambda recordings: recordings.by_prompt_text(prompt))
        if exchange is None:
            raise _NotRecordedError("The request to classify was not recorded.")
        tiers = list(exchange.answers)
        right = tiers.index(self._sufficient.get(exchange.task, tiers[-1]))
        # Uniform around its mean and right as often as it says: calibrated.
        spread = 2 * (1 - self._options.classifier_accuracy)
        confidence = 1 - spread * self._chance("confidence", exchange.id)
        if self._chance("label", exchange.id) >= confidence:
            near = [n for n in (right - 1, right + 1) if 0 <= n < len(tiers)] or [right]
            right = near[int(self._chance("neighbour", exchange.id) * len(near))]
        return {"tier": tiers[right], "confidence": round(confidence, 4)}


def _anchor_exchange(anchor: Anchor) -> RecordedExchange:
    """An anchor as a recording of two tiers, named after its answers."""
    verdict = {"a": "better", "b": "worse", "tie": "tie"}[anchor.verdict]
    return RecordedExchange(
        id=anchor.id,
        at_s=0.0,
        session=anchor.id,
        task=anchor.kind,
        messages=({"role": "user", "content": anchor.prompt},),
        answers={"a": RecordedAnswer(anchor.a, 0.0), "b": RecordedAnswer(anchor.b, 0.0)},
        verdicts={"a<b": verdict},
    )


def _chat_request(body: bytes) -> dict[str, Any] | None:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(request, dict) and isinstance(request.get("messages"), list):
        return request
    return None


def _text_of(request: Mapping[str, Any]) -> str:
    return "\n\n".join(message_text(message) for message in request["messages"])


def _counted(request: Mapping[str, Any], text: str) -> _Answer:
    prompt = estimated_tokens(request_characters(request))
    return _Answer(text, usage(prompt, estimated_tokens(len(text))))
