"""What routing keeps and saves when everything is learned on the way, from pairs already judged.

Recorded traffic is replayed in order through `Router` under an objective: keep so much of the top
tier's quality. At first every request goes to the top tier. A share of what is served is answered
a second time by a neighbouring tier and judged; every pair is paid for (the second answer, and a
judge at the middle tier's price that reads our own prompt twice, once in each order). From the
judged pairs, and from nothing else, the classifier learns and thresholds are chosen. The second
half of the traffic is what is reported.

    python benchmarks/replay.py --traffic FILE [--json] [--quality .95] [--level .6] [--order 3]

Nothing of the second half reaches a decision before its pair was judged there. Quality is the mean
recorded score of the answers served over that of the top tier's answers, where all were scored.
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tierwatch.evaluation.objectives.match_share import match_share
from tierwatch.evaluation.objectives.quality_target import JudgedPairs, choose_for_quality
from tierwatch.judges.prompting.fenced import judge_prompt
from tierwatch.providers.recorded.traffic_file import BadLine, RecordedExchange, read_traffic
from tierwatch.routing.classify.answer_cost import AnswerCost
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.policy import ActivePolicies, Policy, hashed_share
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

NAMES = ("simple", "standard", "complex")
BOUNDARIES = ("simple<standard", "standard<complex")
TOP = len(NAMES) - 1
TIERS = tuple(Tier(name, name, "", Price(0, 0)) for name in NAMES)
GAIN = {"worse": 1.0, "tie": 0.0, "better": -1.0}

# The schedule: every request is judged until this many pairs are known, then one in 25. Learning
# is what costs; afterwards pairs only keep the thresholds where they are.
LEARNING_PAIRS = 3_300
KEPT_RATE = 0.04
# Of requests that a middle tier served, the share compared with the tier below.
DOWN_SHARE = 0.1
FIRST_FIT = 800
GROWTH = 1.6  # another fit when the pairs have grown by this factor,
IDLE = 2_500  # or after so many requests without one
FOLDS = 3
RECENT = 1_500  # requests on which a threshold is carried over to a new model
# Fewer that the model has not learned from say less of the share it keeps than those it has.
FEWEST_UNSEEN = 500
# As the data's costs: a token is four characters; the middle tier's price for the judge.
CHARACTERS = 4
JUDGE_USD_PER_TOKEN = 3e-6
JUDGE_REPLY_TOKENS = 60
ORDERS = 2
ARTICLE_THRESHOLD = 0.7


@dataclass(frozen=True, slots=True)
class Pair:
    """A judged pair of the boundary it belongs to."""

    text: str
    session: str
    verdict: str
    weight: float


@dataclass
class Learned:
    """All that is known from judged pairs and paid answers.

    Attributes:
        pairs: by boundary, cheapest first.
        steps: (text, USD) that going up from a tier cost, where both answers were paid for.
        top_scores: graded quality of the top tier's answers in pairs, where there is a grade.
    """

    pairs: tuple[list[Pair], ...] = field(default_factory=lambda: ([], []))
    steps: tuple[list[tuple[str, float]], ...] = field(default_factory=lambda: ([], []))
    top_scores: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many pairs were judged."""
        return sum(map(len, self.pairs))


@dataclass
class Bill:
    """What one half of the traffic was served by, and paid."""

    tiers: list[int] = field(default_factory=list)
    evaluation_usd: float = 0.0
    judged: int = 0


def exchanges(path: Path) -> Iterator[RecordedExchange]:
    """The exchanges of a file, in order, read once."""
    for line in read_traffic(path):
        if isinstance(line, BadLine):
            print(f"line {line.number} left out: {line.why}", file=sys.stderr)
        elif set(NAMES) <= line.answers.keys() and set(BOUNDARIES) <= line.verdicts.keys():
            yield line


def judge_usd(exchange: RecordedExchange, boundary: int) -> float:
    """A judge that reads our prompt, the question and both answers, in both orders."""
    system, user = judge_prompt("pairwise_v2")
    read = len(system.template) + len(user.template)
    read += sum(len(str(message.get("content", ""))) for message in exchange.messages)
    read += sum(len(exchange.answers[NAMES[boundary + up]].text) for up in (0, 1))
    return ORDERS * (read / CHARACTERS + JUDGE_REPLY_TOKENS) * JUDGE_USD_PER_TOKEN


def boundary(
    learned: Learned, place: int, folds: Collection[int] = tuple(range(FOLDS))
) -> LocalClassifier:
    """The classifier of one boundary, from the pairs of these folds."""
    used = [pair for pair in learned.pairs[place] if fold(pair.session) in folds]
    return LocalClassifier().fit(
        [pair.text for pair in used],
        [pair.verdict for pair in used],
        weights=[pair.weight for pair in used],
    )


def fitted(learned: Learned, folds: Collection[int]) -> LocalTierClassifier:
    """Classifiers of the pairs of these folds."""
    boundaries = {name: boundary(learned, place, folds) for place, name in enumerate(NAMES[:-1])}
    cost = AnswerCost()
    for text, usd in learned.steps[-1]:
        if usd > 0:
            cost.learn(text, usd)
    return LocalTierClassifier(NAMES, boundaries, cost)


def fold(session: str) -> int:
    """The part of the held-out split that a session belongs to."""
    return int(FOLDS * hashed_share("fold", session))


def refitted(
    learned: Learned, recent: Sequence[str], quality: float, level: float
) -> tuple[LocalTierClassifier, dict[str, float]]:
    """A classifier of all pairs, and thresholds chosen on models that had not seen the pair."""
    model = fitted(learned, set(range(FOLDS)))
    parts = [fitted(learned, set(range(FOLDS)) - {part}) for part in range(FOLDS)]
    judged = [
        JudgedPairs(
            [parts[fold(pair.session)].confidences(pair.text) for pair in pairs],
            [GAIN[pair.verdict] for pair in pairs],
            [pair.weight for pair in pairs],
        )
        for pairs in learned.pairs
    ]
    steps = [
        float(np.mean([usd for _, usd in paid])) if paid else math.inf for paid in learned.steps
    ]
    known = max(step for step in steps if step < math.inf)
    choice = choose_for_quality(
        judged,
        # A boundary that was never judged is shut; its step only has to be a price.
        steps_usd=[max(step, 1e-9) if step < math.inf else known for step in steps],
        quality=quality,
        top_quality=float(np.mean(learned.top_scores)) if learned.top_scores else 1.0,
        level=level,
    )
    held_out = np.concatenate([np.reshape(pairs.confidences, (-1, TOP)) for pairs in judged])
    weights = np.concatenate([np.asarray(pairs.weights, dtype=float) for pairs in judged])
    now = np.array([model.confidences(text) for text in recent])
    thresholds = {}
    for place, threshold in enumerate(choice.thresholds):
        thresholds[NAMES[place]] = match_share(
            threshold, held_out[:, place], weights, now[:, place]
        )
    return model, thresholds


def replay(
    traffic: Sequence[RecordedExchange], quality: float, level: float, *, progress: bool
) -> tuple[Bill, Bill, list[dict[str, object]], Router | None, Learned]:
    """Serve all requests in order; gives both halves' bills and what was learned."""
    learned = Learned()
    router: Router | None = None
    bills = (Bill(), Bill())
    history: list[dict[str, object]] = []
    recent: list[str] = []
    unseen: list[str] = []
    next_fit, last_fit, told = float(FIRST_FIT), 0, 0
    for number, exchange in enumerate(traffic):
        due = learned.count >= next_fit or (router is not None and number - last_fit >= IDLE)
        if due or told < FEWEST_UNSEEN <= len(unseen):
            told = len(unseen)
            requests = (recent if told < FEWEST_UNSEEN else unseen)[-RECENT:]
            model, thresholds = refitted(learned, requests, quality, level)
            version = len(history) + 1
            policies = ActivePolicies(Policy(version, thresholds))
            router = Router(TIERS, model, policies, NAMES[TOP])
            history.append({"at_request": number, "pairs": learned.count, **thresholds})
            next_fit, last_fit = max(next_fit, learned.count * GROWTH), number
            if progress:
                print(f"request {number:,}: {history[-1]}", file=sys.stderr)
        served = TOP
        if router is not None:
            served = NAMES.index(router.route(exchange.messages, exchange.session).tier)
        text = routed_text(exchange.messages)
        recent.append(text)
        bill = bills[number >= len(traffic) // 2]
        bill.tiers.append(served)
        rate = 1.0 if learned.count < LEARNING_PAIRS else KEPT_RATE
        if hashed_share("sample", exchange.id) < rate:
            judge(learned, bill, exchange, served)
        else:
            unseen.append(text)
    return *bills, history, router, learned


def judge(learned: Learned, bill: Bill, exchange: RecordedExchange, served: int) -> None:
    """Pay for a second answer and for the judge, and keep what they said."""
    if served in {0, TOP}:
        boundary, weight = (0 if served == 0 else TOP - 1), 1.0
    elif hashed_share("direction", exchange.id) < DOWN_SHARE:
        boundary, weight = served - 1, 1 / DOWN_SHARE
    else:
        boundary, weight = served, 1 / (1 - DOWN_SHARE)
    alternative = boundary + 1 if served == boundary else boundary
    bill.evaluation_usd += exchange.answers[NAMES[alternative]].cost_usd
    bill.evaluation_usd += judge_usd(exchange, boundary)
    bill.judged += 1
    text = routed_text(exchange.messages)
    verdict = exchange.verdicts[BOUNDARIES[boundary]]
    learned.pairs[boundary].append(Pair(text, exchange.session, verdict, weight))
    lower, upper = (exchange.answers[NAMES[boundary + up]] for up in (0, 1))
    learned.steps[boundary].append((text, upper.cost_usd - lower.cost_usd))
    if boundary == TOP - 1 and upper.score is not None:
        learned.top_scores.append(upper.score)


def measured(traffic: Sequence[RecordedExchange], tiers: Sequence[int]) -> dict[str, float]:
    """Quality and saving of serving these requests so."""
    top_usd = sum(exchange.answers[NAMES[TOP]].cost_usd for exchange in traffic)
    usd = sum(e.answers[NAMES[tier]].cost_usd for e, tier in zip(traffic, tiers, strict=True))
    scored = [
        (e.answers[NAMES[tier]].score, e.answers[NAMES[TOP]].score)
        for e, tier in zip(traffic, tiers, strict=True)
        if all(e.answers[name].score is not None for name in NAMES)
    ]
    kept = sum(own or 0.0 for own, _ in scored) / sum(best or 0.0 for _, best in scored)
    return {"quality_vs_top": kept, "saving": 1 - usd / top_usd}


def with_bill(traffic: Sequence[RecordedExchange], bill: Bill) -> dict[str, object]:
    """What was measured, net of evaluation, and what it took."""
    figures = measured(traffic, bill.tiers)
    top_usd = sum(exchange.answers[NAMES[TOP]].cost_usd for exchange in traffic)
    return {
        **figures,
        "saving_net_of_evaluation": figures["saving"] - bill.evaluation_usd / top_usd,
        "evaluation_usd": bill.evaluation_usd,
        "always_top_usd": top_usd,
        "requests": len(bill.tiers),
        "pairs": bill.judged,
        "tiers": {name: bill.tiers.count(place) for place, name in enumerate(NAMES)},
    }


def oracle_tier(exchange: RecordedExchange) -> int:
    """The cheapest tier whose answer nobody above betters: by score, else by verdict."""
    scores = [exchange.answers[name].score for name in NAMES]
    known = [score for score in scores if score is not None]
    if len(known) == len(NAMES):
        return known.index(max(known))
    served = 0
    for place, boundary in enumerate(BOUNDARIES):
        if exchange.verdicts[boundary] == "worse":
            served = place + 1
    return served


def article(
    traffic: Sequence[RecordedExchange], learned: Learned, model: Router | None
) -> Mapping[str, object]:
    """A fixed threshold of .7 that is never looked at again.

    With the heuristic classifier, which serves where nothing was learned. Beside it the same
    threshold on what was learned: on the chance that the next tier is no better, and on the
    confidence of `LocalTierClassifier`.
    """
    boundaries = [boundary(learned, place) for place in range(TOP)]

    def by_chance(exchange: RecordedExchange) -> int:
        text = routed_text(exchange.messages)
        for place, classifier in enumerate(boundaries):
            if 1 - classifier.predict(text)[0] >= ARTICLE_THRESHOLD:
                return place
        return TOP

    policy = ActivePolicies(Policy(1, dict.fromkeys(NAMES[:-1], ARTICLE_THRESHOLD)))
    heuristic = Router(TIERS, HeuristicClassifier(NAMES), policy, NAMES[TOP])
    figures: dict[str, object] = dict(measured(traffic, routed(heuristic, traffic)))
    figures["classifier"] = "heuristic"
    figures["learned_chance"] = measured(traffic, [by_chance(exchange) for exchange in traffic])
    if model is not None:
        tiers = routed(model.with_policies(policy), traffic)
        figures["learned_confidence"] = measured(traffic, tiers)
    return figures


def routed(router: Router, traffic: Sequence[RecordedExchange]) -> list[int]:
    """The place of the tier that serves each request."""
    return [NAMES.index(router.route(exchange.messages).tier) for exchange in traffic]


def report(traffic: Sequence[RecordedExchange], args: argparse.Namespace) -> dict[str, object]:
    """Everything that is printed."""
    first, second, history, router, learned = replay(
        traffic, args.quality, args.level, progress=not args.json
    )
    half = len(traffic) // 2
    late = traffic[half:]
    fixed = {name: measured(late, [place] * len(late)) for place, name in enumerate(NAMES)}
    below_top = max(NAMES[:-1], key=lambda name: fixed[name]["quality_vs_top"])
    return {
        "benchmark": "replay",
        "objective": {"quality": args.quality, "level": args.level},
        "order": args.order,
        "second_half": with_bill(late, second),
        "article": article(late, learned, router),
        "best_fixed": {"tier": below_top, **fixed[below_top]},
        "fixed": fixed,
        "oracle": measured(late, [oracle_tier(exchange) for exchange in late]),
        "first_half": with_bill(traffic[:half], first),
        "policies": history,
        "schedule": {
            "learning_pairs": LEARNING_PAIRS,
            "rate_after": KEPT_RATE,
            "down_share": DOWN_SHARE,
        },
    }


def shuffled(traffic: Sequence[RecordedExchange], seed: int) -> list[RecordedExchange]:
    """The conversations in random order, each whole and in its own."""
    conversations: dict[str, list[RecordedExchange]] = {}
    for exchange in traffic:
        conversations.setdefault(exchange.session or exchange.id, []).append(exchange)
    order = list(conversations.values())
    random.Random(seed).shuffle(order)
    return [exchange for conversation in order for exchange in conversation]


def rounded(value: object) -> object:
    """The same with every number to four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description="Route recorded traffic, learning on the way.")
    parser.add_argument("--traffic", type=Path, required=True, help="recorded traffic, .jsonl[.gz]")
    parser.add_argument("--quality", type=float, default=0.95, help="share of the top tier's")
    parser.add_argument("--level", type=float, default=0.6, help="of the bound on what is lost")
    parser.add_argument("--order", type=int, default=0, help="seed of a random one; 0: recorded")
    parser.add_argument("--json", action="store_true", help="print nothing but the result")
    args = parser.parse_args()
    traffic = list(exchanges(args.traffic))
    if args.order:
        traffic = shuffled(traffic, args.order)
    if len(traffic) < 2 * FIRST_FIT:
        sys.exit(f"{args.traffic}: found {len(traffic)} exchanges with all answers and verdicts;"
                 f" accepted: {2 * FIRST_FIT} or more")  # fmt: skip
    print(json.dumps(rounded(report(traffic, args)), indent=None if args.json else 2))


if __name__ == "__main__":
    main()
