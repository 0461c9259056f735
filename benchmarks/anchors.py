"""Who changed, the judge or the tier? Interleaved anchors on the verdicts of recorded judges.

After Li, "Who Drifted: the System or the Judge?" (arXiv 2606.15474, 2026): a judge is changed, or
the answers are, and a rule says which, from verdicts on traffic and on anchors put between them.
Published: a version bump is the judge's in 60 of 60 runs, a strict prompt's in 110 of 120, in a
second domain 240 of 240; a rolling z-test alarms on 75 % of streams without change; the monitor
costs .64, or .21, of judging everything. Other judges and other data here: figures beside theirs,
not of the same thing.

    python benchmarks/anchors.py --data FOLDER [--runs 60] [--json]

Half of a data set's pairs are anchors, the other half is the traffic, both drawn with replacement.
In traffic the served answer is the worse one in 30 % of pairs, by the people who labelled them, and
after a change of the tier in 60 %.
"""

import argparse
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.alarms.past_monitor import Heard, PastMonitor
from tierwatch.loop.watch.checks.flip_monitor import FLIPS_TOLERATED, LEVEL
from tierwatch.routing.policy import hashed_share

CHANGED_AT, LONGEST = 2_000, 6_000
# Pairs after the traffic's alarm that the anchors are waited for.
GUARD = 300
# 1,000 pairs a day (20,000 requests, 5 %) and 408 anchors.
ANCHORS_A_PAIR = 408 / 1_000
BEFORE, WORSE = 0.3, 0.6
WINDOW, Z = 300, 1.96


@dataclass(frozen=True, slots=True)
class Change:
    """What is played: a judge that becomes another one, or a tier that gets worse."""

    table: str
    name: str
    file: str
    before: str
    after: str


CHANGES = (
    Change(
        "version bump", "ChatGPT 0301 -> later", "llmbar", "ChatGPT-0301/Vanilla", "ChatGPT/Vanilla"
    ),
    Change("version bump", "GPT-4 -> PaLM2", "llmbar", "GPT-4/Vanilla", "PaLM2/Vanilla"),
    Change("prompt", "GPT-4, rules left out", "llmbar", "GPT-4/Vanilla", "GPT-4/Vanilla_NoRules"),
    Change(
        "prompt",
        "GPT-4, metrics and reference",
        "llmbar",
        "GPT-4/Vanilla",
        "GPT-4/Metrics_Reference",
    ),
    Change("second domain", "GPT-3.5 -> PandaLM", "pandalm", "gpt-3.5-turbo", "pandalm-7b"),
    Change("second domain", "tier worse, GPT-3.5", "pandalm", "gpt-3.5-turbo", "gpt-3.5-turbo"),
    Change("tier", "tier worse, GPT-4", "llmbar", "GPT-4/Vanilla", "GPT-4/Vanilla"),
    Change("none", "nothing, GPT-4", "llmbar", "GPT-4/Vanilla", "GPT-4/Vanilla"),
)


@dataclass(frozen=True, slots=True)
class Played:
    """One run: who is blamed, after how many pairs, and whether a z-test alarmed before."""

    blamed: str
    pairs: int
    z_test: bool


def read(folder: Path, file: str, judges: set[str]) -> list[tuple[str, int, Mapping[str, int]]]:
    """Id, the people's verdict, and each judge's, of pairs that all judged and one answer won."""
    found = []
    with gzip.open(folder / f"pairs_{file}_dev.jsonl.gz", "rt") as lines:
        for line in map(json.loads, lines):
            said = {name: line["judges"].get(name, {}).get("orig") for name in judges}
            if line["verdict"] and None not in said.values():
                found.append((line["id"], line["verdict"], said))
    return found


def play(change: Change, pairs: Sequence[tuple[str, int, Mapping[str, int]]], seed: int) -> Played:
    """One run: the traffic's monitor, the anchors' two, and the rule with its guard."""
    rng = np.random.default_rng(seed)
    halves: tuple[list, list] = ([], [])
    for pair in pairs:
        halves[hashed_share(f"half {seed}", pair[0]) < 0.5].append(pair)
    traffic, anchors = halves
    past = PastMonitor(("small", "large"))
    flips = {side: MisrouteMonitor(FLIPS_TOLERATED, LEVEL) for side in (True, False)}
    owed, alarmed_at, losses, z_test = 0.0, 0, [], False
    for n in range(1, LONGEST + 1):
        changed = n > CHANGED_AT and change.table != "none"
        judge = change.after if changed else change.before
        tier_worse = changed and change.before == change.after
        _, truth, said = traffic[rng.integers(len(traffic))]
        worse = rng.random() < (WORSE if tier_worse else BEFORE)
        # The judge is right or wrong as recorded; who served is drawn.
        loss = float(worse == (said[judge] == truth))
        losses.append(loss)
        if n == CHANGED_AT:
            z_test = rolling_z(np.array(losses))
        if past.update(Heard("all", 0, loss, 1)) is not None and not alarmed_at:
            alarmed_at = n
        owed += ANCHORS_A_PAIR
        while owed >= 1:
            owed -= 1
            _, truth, said = anchors[rng.integers(len(anchors))]
            first = said[change.before] == 1
            if flips[first].update(float(said[judge] != said[change.before])):
                return Played("judge", n - CHANGED_AT, z_test)
        if alarmed_at and n - alarmed_at >= GUARD:
            return Played("tier", alarmed_at - CHANGED_AT, z_test)
    return Played("none", LONGEST - CHANGED_AT, z_test)


def rolling_z(losses: np.ndarray) -> bool:
    """Whether a rolling two-sided z-test of the last 300 against the first 300 ever alarms."""
    total = np.concatenate([[0.0], np.cumsum(losses)])
    first = total[WINDOW] / WINDOW
    ends = np.arange(2 * WINDOW, losses.size + 1, 10)
    rolling = (total[ends] - total[ends - WINDOW]) / WINDOW
    pooled = (first + rolling) / 2
    return bool((np.abs(rolling - first) > Z * np.sqrt(2 * pooled * (1 - pooled) / WINDOW)).any())


def measured(folder: Path, runs: int) -> list[dict[str, object]]:
    """A line for each change."""
    found = []
    for change in CHANGES:
        pairs = read(folder, change.file, {change.before, change.after})
        played = [play(change, pairs, seed) for seed in range(runs)]
        flipped = [said[change.before] != said[change.after] for _, _, said in pairs]
        right = {"tier": "tier", "none": "none"}.get(change.table, "judge")
        if "tier worse" in change.name:
            right = "tier"
        found.append(
            {
                "table": change.table,
                "change": change.name,
                "verdicts_that_flip": float(np.mean(flipped)),
                "right": sum(one.blamed == right for one in played),
                "blamed": {
                    who: sum(one.blamed == who for one in played)
                    for who in ("judge", "tier", "none")
                },
                "median_pairs": float(np.median([one.pairs for one in played])),
                "z_test_before_any_change": sum(one.z_test for one in played),
                "runs": runs,
            }
        )
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measured(asked.data, asked.runs)
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for line in found:
        print(
            f"{line['table']:<14}{line['change']:<32}flips {line['verdicts_that_flip']:.2f}"
            f"  right {line['right']}/{line['runs']}  {line['blamed']}"
            f"  median pairs {line['median_pairs']:.0f}"
            f"  z-test before {line['z_test_before_any_change']}/{line['runs']}"
        )
    print(
        "published: version bump 60/60, strict prompt 110/120, second domain 240/240, z-test 75 %"
    )
    share = (1_000 + 408) / 20_000
    print(f"judge calls: {share:.3f} of judging all of 20,000 requests a day (published .64, .21)")


if __name__ == "__main__":
    main()
