"""What recorded judges are worth: with criteria and a reference first, and one before another.

    python benchmarks/judges.py --data FOLDER [--runs 1500] [--json]

On LLMBar's 257 pairs of a known verdict (Zeng et al., arXiv 2310.07641), which 24 judges compared
in both orders. Where the two orders contradict each other a judge has said nothing. Three tables:

1. *Prompts.* Accuracy of each judge with each prompt, its consistency, and its accuracy where its
   orders agree. ``Metrics_Reference`` is what `evaluation.judge.prompt: reference` asks for.
2. *A cheap judge first.* A cheap judge in both orders, the strong one where these contradict each
   other: accuracy of the two and of the strong one alone, how often it is asked, and whether the
   installed rule lets the cheap one stand first.
3. *Money.* Judge and shadow money for the delay of a plain sample, with bursts, and with the cheap
   judge first too, in one simulation: a median task type, 36 pairs a day, from 4 % to 10 % at a
   tolerance of 5 %. What a pair costs is that of `traffic_dev`: the next tier's recorded answer,
   and two readings by a judge at USD 2.5 and 10 per million tokens, by a cheap one at .15 and .6.
   The errors of the two judges make the rise smaller for who watches verdicts, by the ratio of
   their sensitivity + specificity - 1 on LLMBar's pairs to that of the strong one alone.
"""

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tierwatch.evaluation.calibration.first_judge import MOST_LOST, Weighed, weigh_first_judge
from tierwatch.evaluation.simulation import bursts

PROMPTS = ("Vanilla", "Vanilla_NoRules", "CoT", "Metrics_Reference")
MODELS = ("GPT-4", "PaLM2", "ChatGPT", "ChatGPT-0301", "LLaMA2", "Falcon")
STRONG = "GPT-4/Metrics_Reference"
BEFORE, AFTER, A_DAY = 0.04, 0.10, 36
# USD per million tokens in and out, and the tokens of our prompt and of a reply.
STRONG_PRICE, CHEAP_PRICE = (2.5, 10.0), (0.15, 0.6)
PROMPT_TOKENS, REPLY_TOKENS = 1_000, 80

# By pair: the truth, and what each judge said in each order; -1 is the first answer.
Pairs = list[tuple[int, Mapping[str, tuple[int | None, int | None]]]]


@dataclass(frozen=True, slots=True)
class Prompted:
    """One judge with one prompt."""

    judge: str
    accuracy: float
    consistency: float
    where_consistent: float


@dataclass(frozen=True, slots=True)
class Together:
    """A cheap judge before a strong one."""

    cheap: str
    strong: str
    accuracy: float
    alone: float
    strong_asked: float
    most_lost: float
    stands_first: bool
    wrong_unasked: float


@dataclass(frozen=True, slots=True)
class Money:
    """Judge and shadow money a day for the same delay, of that of a plain sample.

    Attributes:
        boundary: between which tiers.
        judge_share: of a pair's cost, the strong judge alone.
        bursts: with bursts.
        first: with the cheap judge before the strong one too.
        days: to the alarm of a plain sample, then at the same sampling rate with bursts, then with
            the cheap judge first as well.
    """

    boundary: str
    judge_share: float
    bursts: float
    first: float
    days: tuple[float, float, float]


def read(folder: Path) -> Pairs:
    """LLMBar's pairs."""
    with gzip.open(folder / "pairs_llmbar_dev.jsonl.gz", "rt") as lines:
        return [
            (
                line["verdict"],
                {
                    name: (said.get("orig"), said.get("swap"))
                    for name, said in line["judges"].items()
                },
            )
            for line in map(json.loads, lines)
        ]


def said(orders: tuple[int | None, int | None]) -> int | None:
    """What a judge said in both orders; None where these contradict each other."""
    return orders[0] if orders[0] == orders[1] else None


def prompted(pairs: Pairs, judge: str) -> Prompted:
    """How often a judge is right, and how often it says the same twice."""
    found = [(truth, said(judges[judge])) for truth, judges in pairs]
    right = sum(truth == one for truth, one in found)
    agreed = sum(one is not None for _, one in found)
    return Prompted(judge, right / len(found), agreed / len(found), right / agreed)


def with_first(pairs: Pairs, cheap: str, strong: str) -> list[int | None]:
    """The verdicts of both as one judge."""
    both = [(said(judges[cheap]), said(judges[strong])) for _, judges in pairs]
    return [last if first is None else first for first, last in both]


def together(pairs: Pairs, cheap: str, strong: str) -> Together:
    """What a cheap judge before a strong one gives up, and what the installed rule says."""
    spoken = with_first(pairs, cheap, strong)
    alone = [said(judges[strong]) for _, judges in pairs]
    first = [said(judges[cheap]) for _, judges in pairs]
    truths = [truth for truth, _ in pairs]
    found = weigh_first_judge(
        (
            Weighed(strong_right=one == truth, together_right=two == truth)
            for truth, one, two in zip(truths, alone, spoken, strict=True)
        ),
        stood=False,
    )
    n = len(pairs)
    return Together(
        cheap,
        strong,
        found.together_right / n,
        found.strong_right / n,
        sum(one is None for one in first) / n,
        found.most,
        found.stands,
        sum(one is not None and one != truth for one, truth in zip(first, truths, strict=True)) / n,
    )


def youden(pairs: Pairs, verdicts: list[int | None]) -> float:
    """Sensitivity + specificity - 1, of the first answer called worse."""
    worse = [one == 1 for (truth, _), one in zip(pairs, verdicts, strict=True) if truth == 1]
    other = [one == 1 for (truth, _), one in zip(pairs, verdicts, strict=True) if truth == -1]
    return float(np.mean(worse) - np.mean(other))


def prices(folder: Path) -> Iterator[tuple[str, float, float, float]]:
    """By boundary, mean USD of a shadow answer, and of two readings by either judge."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with gzip.open(folder / "traffic_dev.jsonl.gz", "rt") as lines:
        for line in map(json.loads, lines):
            asked = sum(len(message["content"]) for message in line["messages"])
            answers = line["answers"]
            for low, high in (("simple", "standard"), ("standard", "complex")):
                if low in answers and high in answers:
                    shown = asked + len(answers[low]["text"]) + len(answers[high]["text"])
                    found.setdefault((low, high), []).append((answers[high]["cost_usd"], shown / 4))
    for (low, high), rows in found.items():
        usd, tokens = np.mean(rows, axis=0)
        strong, cheap = (
            2 * ((PROMPT_TOKENS + tokens) * into + REPLY_TOKENS * out) / 1e6
            for into, out in (STRONG_PRICE, CHEAP_PRICE)
        )
        yield f"{low} < {high}", float(usd), float(strong), float(cheap)


def money(folder: Path, pairs: Pairs, cheap: str, runs: int) -> list[Money]:
    """What the same delay costs: plain, with bursts, with a cheap judge first as well."""

    def delay(after: float, density: float) -> float:
        found = bursts.delays(
            1, rate=after, per_day=A_DAY, runs=runs, density=density, before=BEFORE
        )
        return float(found.days.mean())

    alone = [said(judges[STRONG]) for _, judges in pairs]
    kept = youden(pairs, with_first(pairs, cheap, STRONG)) / youden(pairs, alone)
    seen = BEFORE + min(kept, 1.0) * (AFTER - BEFORE)
    plain, dense, first = (
        delay(AFTER, 1.0),
        delay(AFTER, bursts.DENSITY),
        delay(seen, bursts.DENSITY),
    )
    quiet = float(bursts.quiet_cost(1, rate=BEFORE, per_day=A_DAY, runs=100, days=100).mean())
    asked = together(pairs, cheap, STRONG).strong_asked
    found = []
    for boundary, shadow, strong, usd in prices(folder):
        pair, with_cheap = shadow + strong, shadow + usd + asked * strong
        found.append(
            Money(
                boundary,
                strong / pair,
                dense / plain * quiet,
                first / plain * quiet * with_cheap / pair,
                (plain, dense, first),
            )
        )
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=1_500)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    pairs = read(asked.data)
    prompts = [prompted(pairs, f"{model}/{prompt}") for model in MODELS for prompt in PROMPTS]
    firsts = [
        together(pairs, f"{cheap}/{prompt}", strong)
        for strong in (STRONG, "GPT-4/Vanilla")
        for cheap in MODELS[1:]
        for prompt in ("Vanilla", "Metrics_Reference")
    ]
    spent = money(asked.data, pairs, "PaLM2/Metrics_Reference", asked.runs)
    if asked.json:
        found = {"prompts": prompts, "first": firsts, "money": spent}
        print(json.dumps({name: [asdict(one) for one in rows] for name, rows in found.items()}))
        return
    print(f"{'judge / prompt':<32}right  consistent  right there")
    for one in prompts:
        figures = f"{one.accuracy:.3f}  {one.consistency:<10.3f}  {one.where_consistent:.3f}"
        print(f"{one.judge:<32}{figures}")
    print(f"\nfirst, then the strong one; at most {MOST_LOST} of accuracy may be given up")
    for two in firsts:
        stands = "stands first" if two.stands_first else "refused"
        print(
            f"{two.cheap:<32}{two.strong:<26}right {two.accuracy:.3f}, alone {two.alone:.3f};"
            f" strong asked {two.strong_asked:.3f}; wrong in both orders {two.wrong_unasked:.3f};"
            f" lost at most {two.most_lost:+.3f}: {stands}"
        )
    print("\njudge and shadow money for the delay of a plain sample, as a share of its money")
    for line in spent:
        print(
            f"{line.boundary:<22}judge {line.judge_share:.2f} of a pair;"
            f" with bursts {line.bursts:.3f}, with PaLM2 first too {line.first:.3f}; days"
            f" {' / '.join(f'{days:.1f}' for days in line.days)}"
        )


if __name__ == "__main__":
    main()
