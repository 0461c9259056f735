"""What a recording answers: as a tier, as the judge, as the classifier.

Evalsets were not recorded, so what is said of them is made up: an anchor gets its correct verdict,
with the judge's noise; a tier passes the share of probes that is its mean recorded score over the
stretch of the recording that is being served. So a tier that gets worse in the recording gets worse
at the probes.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import orjson

from tierwatch.errors import UsageError
from tierwatch.evalsets import Anchor, Probe
from tierwatch.providers.recorded.recordings import (
    RecordedPair,
    Recordings,
    same_text,
    sufficient_tiers,
)
from tierwatch.providers.recorded.traffic_file import RecordedAnswer, RecordedExchange
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

# Of a judge that is asked for notes before it compares.
_NOTES = "CRITERIA: as recorded.\nANSWER: as recorded."
_FILLER = "This request is not in the recording; the same request always gets this same answer. "

# Statuses, replies broken half way through, and replies that are no JSON at all.
FAULTS = ("429", "500", "cut", "garbage", "html", "empty")


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

    def chance(self, what: str, key: str) -> float:
        """A number in [0, 1) that is the same for the same seed, question and key."""
        return hashed_share(f"{self.seed}:{what}", key)


class NotRecordedError(LookupError):
    """The recording has no answer to this request; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text, and the usage that is reported with it."""

    text: str
    usage: Mapping[str, int]


class RecordedAnswers:
    """Answers requests, and counts what makes repeated ones differ.

    Args:
        known: the recording.
        redacted: the same after redaction; None where texts come back as they were recorded.
        tier_of_model: which tier's answers a model gives.
        judge_models: models that are asked to compare two answers.
        classifier_models: models that are asked to name a tier.
        options: the noise.
        aliases: other name -> model.
        prices: by tier.
        anchors: pairs of known verdict that the judge may be asked about.
        probes: prompts of known answer that a tier may be asked.
    """

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
        self._judged = 0
        self._sufficient = sufficient_tiers(known.exchanges)
        self._anchors = Recordings([_anchor_exchange(anchor) for anchor in anchors])
        self._probes = {same_text(probe.prompt): probe for probe in probes}
        self._places = {exchange.id: place for place, exchange in enumerate(known.exchanges)}
        self._reached = 0

    @property
    def exchanges(self) -> int:
        """How many were recorded."""
        return len(self._forms[0].exchanges)

    @property
    def models(self) -> list[str]:
        """Every name that a request may ask for."""
        names = {*self._tier_of_model, *self._judge_models, *self._classifier_models}
        return sorted(names | set(self._aliases))

    async def answer(self, request: Mapping[str, Any]) -> Answer:
        """What the recording says to a request.

        Raises:
            NotRecordedError: nothing.
        """
        named = str(request.get("model"))
        model = self._aliases.get(named, named)
        if model in self._judge_models:
            text = _text_of(request)
            if _CONVERSATION.search(text) and not _ANSWER_A.search(text):
                return _counted(request, _NOTES)
            verdict = await self._verdict(text)
            return _counted(request, orjson.dumps(verdict).decode())
        if model in self._classifier_models:
            label = await self._label(_text_of(request))
            return _counted(request, orjson.dumps(label).decode())
        tier = self._tier_of_model.get(model)
        if tier is None:
            raise NotRecordedError(f"The recorded provider has no model {named!r}.")
        return await self._recorded_answer(request, tier)

    async def _recorded_answer(self, request: Mapping[str, Any], tier: str) -> Answer:
        probe = self._probe(request)
        if probe is not None:
            passes = self._options.chance("probe", f"{probe.id}|{tier}") < self._recent_score(tier)
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
            raise NotRecordedError(f"This prompt has no recorded answer of the tier {tier!r}.")
        # One prompt asked twice is answered from the first recording, then from the second.
        turn = (found[0].id, tier)
        exchange = found[min(self._served[turn], len(found) - 1)]
        self._served[turn] += 1
        self._reached = max(self._reached, self._places[exchange.id])
        price = self._prices.get(tier)
        prices = (price.input_usd_per_mtok, price.output_usd_per_mtok) if price else None
        return Answer(exchange.answers[tier].text, tokens(exchange, tier, prices))

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
            raise NotRecordedError("The judge's prompt has no two fenced answers.")
        asked = _CONVERSATION.search(text)
        conversation = asked["text"] if asked else text
        pair: RecordedPair | None = await self._search(
            lambda recordings: recordings.pair(answer_a, answer_b, conversation)
        )
        if pair is None:
            pair = self._anchors.pair(answer_a, answer_b, conversation)
        if pair is None:
            raise NotRecordedError("These two answers are of no one recorded exchange.")
        if pair.preferred is None:
            raise NotRecordedError(
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
        if self._options.chance("position", key) >= self._options.position_consistency:
            return "A"
        if self._options.chance("flip", key) >= self._options.flip_rate:
            return preferred
        if preferred == "tie":
            favoured = low if self._options.chance("side", key) < 0.5 else high  # noqa: PLR2004 - a coin
            return "A" if favoured == pair.tier_a else "B"
        return "B" if preferred == "A" else "A"

    async def _label(self, text: str) -> dict[str, Any]:
        fenced = _PROMPT.search(text) or _BARE_FENCE.search(text)
        if fenced is None:
            raise NotRecordedError("The classifier's prompt has no fenced request.")
        prompt = fenced["text"]
        exchange = await self._search(lambda recordings: recordings.by_prompt_text(prompt))
        if exchange is None:
            raise NotRecordedError("The request to classify was not recorded.")
        tiers = list(exchange.answers)
        right = tiers.index(self._sufficient.get(exchange.task, tiers[-1]))
        # Uniform around its mean and right as often as it says: calibrated.
        spread = 2 * (1 - self._options.classifier_accuracy)
        confidence = 1 - spread * self._options.chance("confidence", exchange.id)
        if self._options.chance("label", exchange.id) >= confidence:
            near = [n for n in (right - 1, right + 1) if 0 <= n < len(tiers)] or [right]
            right = near[int(self._options.chance("neighbour", exchange.id) * len(near))]
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


def _text_of(request: Mapping[str, Any]) -> str:
    return "\n\n".join(message_text(message) for message in request["messages"])


def _counted(request: Mapping[str, Any], text: str) -> Answer:
    prompt = estimated_tokens(request_characters(request))
    return Answer(text, usage(prompt, estimated_tokens(len(text))))


def tokens(
    exchange: RecordedExchange, tier: str, price_usd_per_mtok: tuple[float, float] | None
) -> Mapping[str, int]:
    """Usage that costs what was recorded, as nearly as whole tokens allow.

    Args:
        exchange: the recording.
        tier: whose answer.
        price_usd_per_mtok: of input and output; None counts four characters a token instead.
    """
    answer = exchange.answers[tier]
    prompt = round(sum(len(message_text(m)) for m in exchange.messages) / 4)
    completion = round(len(answer.text) / 4)
    if price_usd_per_mtok is not None and price_usd_per_mtok[1] > 0:
        price_in, price_out = price_usd_per_mtok
        completion = max(round((answer.cost_usd * 1e6 - prompt * price_in) / price_out), 0)
    return usage(prompt, completion)


def usage(prompt: int, completion: int) -> dict[str, int]:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
