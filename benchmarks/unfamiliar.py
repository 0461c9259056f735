"""What a learned router does with prompts unlike anything it has judged.

    python benchmarks/unfamiliar.py [--data DIR] [--draws N] [--shares .01 .02 .05]

The classifiers of both boundaries learn the pairs of three quarters of recorded traffic's
conversations. Then: the share of prompts called unfamiliar in the other quarter and in other
sources; how many of RouterArena's questions are kept at the cheapest tier, with the rule and
without; and whether the other quarter's curve of quality and cost gets worse by it. Prints JSON,
and tables on stderr. Nothing of what is measured was learned.
"""

import argparse
import gzip
import json
import random
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tierwatch.providers.recorded.traffic_file import BadLine, RecordedExchange, read_traffic
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.policy import UNFAMILIAR

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
NAMES = ("simple", "standard", "complex")
BOUNDARIES = ("simple<standard", "standard<complex")
OTHERS = (
    "routerarena_sub10",
    "routellm_mmlu",
    "routellm_gsm8k",
    "routellm_mtbench",
    "shaberi_ja",
    "pairs_llmbar",
    "pairs_llmfao",
    "pairs_pandalm",
)
AGENTS = ("anthropic_requests_claude_code.json", "openai_responses_request_codex.json")
THRESHOLDS = tuple(round(0.3 + 0.02 * step, 2) for step in range(36))
QUALITIES = (0.90, 0.925, 0.95, 0.975)
KEPT_AT = (0.5, 0.6, 0.7)


class Learned(NamedTuple):
    """Classifiers of one draw, and the exchanges that they have not learned."""

    boundaries: Mapping[str, LocalClassifier]
    held_out: Sequence[RecordedExchange]

    def router(self, share: float) -> LocalTierClassifier:
        """With the rule at a share, or at 0 without it."""
        return LocalTierClassifier(NAMES, self.boundaries, unfamiliar_share=share)


def learned(traffic: Sequence[RecordedExchange], seed: int) -> Learned:
    """Fit to three quarters of the conversations."""
    sessions = sorted({one.session for one in traffic})
    random.Random(seed).shuffle(sessions)
    taken = set(sessions[: 3 * len(sessions) // 4])
    own = [one for one in traffic if one.session in taken]
    boundaries = {
        name: LocalClassifier().fit(
            [routed_text(one.messages) for one in own], [one.verdicts[pair] for one in own]
        )
        for name, pair in zip(NAMES, BOUNDARIES, strict=False)
    }
    return Learned(boundaries, [one for one in traffic if one.session not in taken])


def prompts_of(data: Path, name: str) -> list[str]:
    """The prompts of a recorded source."""
    with gzip.open(data / f"{name}_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["prompt"] for line in lines]


def agents_prompts(folder: Path) -> list[str]:
    """What agents' programs send, as a classifier reads it."""
    found = [json.loads((folder / name).read_text("utf-8")) for name in AGENTS]
    return [routed_text(messages) for document in found for messages in _chats(document)]


def _chats(document: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of messages in a document, on either wire."""
    if isinstance(document, dict):
        for key in ("messages", "input"):
            if isinstance(document.get(key), list):
                yield document[key]
                return
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from _chats(one)


def unfamiliar(router: LocalTierClassifier, prompts: Sequence[str]) -> float:
    """The share of prompts that are called so."""
    asked = ([{"role": "user", "content": prompt}] for prompt in prompts)
    return statistics.mean(router.classify(one).task_type == UNFAMILIAR for one in asked)


def kept(router: LocalTierClassifier, prompts: Sequence[str], threshold: float) -> int:
    """How many prompts stay at the cheapest tier."""
    return sum(router.confidences(prompt)[0] >= threshold for prompt in prompts)


def savings(router: LocalTierClassifier, held_out: Sequence[RecordedExchange]) -> list[float]:
    """The saving over the top tier alone at each of QUALITIES of the top tier's quality.

    Of every threshold, the same at both boundaries; what lies between two is interpolated.
    """
    scored = [one for one in held_out if all(one.answers[name].score is not None for name in NAMES)]
    sure = np.array([router.confidences(routed_text(one.messages)) for one in scored])
    score = np.array([[one.answers[name].score for name in NAMES] for one in scored])
    cost = np.array([[one.answers[name].cost_usd for name in NAMES] for one in scored])
    rows = np.arange(len(scored))
    points = []
    for threshold in THRESHOLDS:
        reached = np.column_stack([sure >= threshold, np.ones(len(scored), dtype=bool)])
        served = reached.argmax(axis=1)
        quality = score[rows, served].mean() / score[:, -1].mean()
        points.append((quality, 1 - cost[rows, served].sum() / cost[:, -1].sum()))
    points.sort()
    quality, saved = np.array(points).T
    return [float(value) for value in np.interp(QUALITIES, quality, saved)]


def measured(
    draws: Sequence[Learned], others: Mapping[str, Sequence[str]], shares: Sequence[float]
) -> dict[str, Any]:
    """Every figure, by share, of every draw."""
    arena = others["routerarena_sub10"]
    result: dict[str, Any] = {}
    for share in (0.0, *shares):
        routers = [draw.router(share) for draw in draws]
        own = [[routed_text(one.messages) for one in draw.held_out] for draw in draws]
        result[f"{share:g}"] = {
            "unfamiliar": {
                "held_out": [unfamiliar(*each) for each in zip(routers, own, strict=True)],
                **{
                    name: [unfamiliar(router, prompts) for router in routers]
                    for name, prompts in others.items()
                },
            },
            "routerarena_kept_cheapest": {
                f"{threshold:g}": [kept(router, arena, threshold) for router in routers]
                for threshold in KEPT_AT
            },
            "saving_at_quality": {
                f"{quality:g}": values
                for quality, values in zip(
                    QUALITIES,
                    zip(
                        *(
                            savings(router, draw.held_out)
                            for router, draw in zip(routers, draws, strict=True)
                        ),
                        strict=True,
                    ),
                    strict=True,
                )
            },
        }
        show(share, result[f"{share:g}"])
    return result


def show(share: float, found: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    """The figures of a share on stderr."""
    for what, figures in found.items():
        cells = [
            f"{name} {' '.join(f'{value:.3f}' if value < 1 else f'{value:g}' for value in values)}"
            for name, values in figures.items()
        ]
        print(f"{share:g} {what}: {'; '.join(cells)}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Prompts unlike anything judged.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.01, 0.02, 0.05])
    asked = parser.parse_args()
    file = asked.data / "traffic_dev.jsonl.gz"
    if not file.exists():
        print(f"nothing was measured: no {file}; --data names the folder", file=sys.stderr)
        return
    traffic = [one for one in read_traffic(file) if not isinstance(one, BadLine)]
    others = {name: prompts_of(asked.data, name) for name in OTHERS}
    others["agents"] = agents_prompts(asked.data / "intake")
    counted = {name: len(prompts) for name, prompts in others.items()}
    draws = [learned(traffic, seed) for seed in range(asked.draws)]
    found = measured(draws, others, asked.shares)
    print(json.dumps({"prompts": counted, "draws": asked.draws, "shares": found}, indent=2))


if __name__ == "__main__":
    main()
