"""The bars of the local classifier, on RouteLLM's evaluation responses.

    python benchmarks/router.py [--data DIR] [--seeds N] [--folds N] [--minilm]

Prints JSON, and short tables on stderr. One row a setting: what ranking by P(higher better) -
P(lower better) recovers of the gap between both models on prompts that were not learned from,
beside RouteLLM's published figure, prompt length alone, and one-head models of the same features
and learner. Then one line a bar: what must hold, the aim, what was measured. Without the recorded
data it says so and ends.

Nothing here is tuned: `LocalClassifier` is what ships.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from routellm import (
    FOLDS,
    Fold,
    Numbers,
    Places,
    Questions,
    Recovered,
    calibration_error,
    calibration_floor,
    files,
    folds,
    read_questions,
    recovered_gap,
)
from router_cost import Fresh, Times, decider, fresh_process, huge_prompts, timed
from router_rivals import Batch, one_head

from tierwatch.evaluation.types.build import build_types
from tierwatch.routing.classify.features import Features, prompt_features
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.type_offsets import TypeOffsets

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SEEDS = 4
STRONG_SHARE = 0.4
BAR_PROMPTS = 2_807  # test prompts of a fold of all of MMLU, for which the bars were set
MIB = 2**20


@dataclass(frozen=True)
class Setting:
    """How many pairs of which questions are learned from.

    Attributes:
        published: APGR and CPT80 of the best of RouteLLM's four routers on these questions, each
            the best by itself (Ong et al. 2024, tables 2 and 3); None where they have none.
    """

    name: str
    sources: tuple[str, ...]
    pairs: int
    published: Recovered | None


MMLU = Recovered(0.603, 70.3)
GSM8K = Recovered(0.622, 63.3)
SETTINGS = {
    "mmlu_1500": Setting("MMLU 1,500", ("mmlu",), 1_500, MMLU),
    "mmlu_2000": Setting("MMLU 2,000", ("mmlu",), 2_000, MMLU),
    "mmlu_5000": Setting("MMLU 5,000", ("mmlu",), 5_000, MMLU),
    "gsm8k_1000": Setting("GSM8K 1,000", ("gsm8k",), 1_000, GSM8K),
    "mmlu_gsm8k_5000": Setting("MMLU + GSM8K 5,000", ("mmlu", "gsm8k"), 5_000, None),
}
ROUTERS = ("two_heads", "one_head", "cheap_wrong", "length", "online", "batch")


class Measured(NamedTuple):
    """One setting on one fold.

    Attributes:
        pairs: learned from.
        recovered: by router.
        chances: P(higher tier better) of each test prompt, and
        truths: whether it was.
        strong_share: of the test prompts above the threshold that sends 40 % of the training folds'
            other texts to the strong model; NaN where no other texts are left.
    """

    seed: int
    pairs: int
    recovered: dict[str, Recovered]
    chances: Numbers
    truths: Numbers
    strong_share: float


def measure(data: Path, setting: Setting, seed: int, number: int) -> Measured:
    """Fit on one fold's pairs, and measure on its test prompts."""
    questions = read_questions(files(data, setting.sources))
    fold = list(folds(questions, seed))[number]
    train = fold.draw(setting.pairs)
    texts, verdicts = questions.texts, questions.verdicts
    pairs = [(texts[at], verdicts[at]) for at in train]
    fitted = LocalClassifier().fit(*zip(*pairs, strict=True))
    online = LocalClassifier()
    for pair in pairs:
        online.learn(*pair)
    tested = [texts[at] for at in fold.test]
    chances = np.array([fitted.predict(text) for text in tested])
    scores = {
        "two_heads": chances[:, 0] - chances[:, 1],
        "length": np.array([float(len(text)) for text in tested]),
        "online": np.array([higher - lower for higher, lower in map(online.predict, tested)]),
        **rival_scores(questions, fold, train),
    }
    weak, strong = questions.weak[fold.test], questions.strong[fold.test]
    unlabelled = np.setdiff1d(fold.pool, train)
    share = float("nan")
    if len(unlabelled):
        seen = [
            higher - lower for higher, lower in (fitted.predict(texts[at]) for at in unlabelled)
        ]
        share = float(np.mean(scores["two_heads"] >= np.quantile(seen, 1 - STRONG_SHARE)))
    return Measured(
        seed,
        len(train),
        {name: recovered_gap(scores[name], weak, strong) for name in ROUTERS},
        chances[:, 0],
        (strong > weak).astype(float),
        share,
    )


def rival_scores(questions: Questions, fold: Fold, train: Places) -> dict[str, Numbers]:
    """The test prompts' scores by the models of the same features."""

    def features(places: Places) -> list[Features]:
        return [prompt_features(questions.texts[at]) for at in places]

    learned, tested = features(train), features(fold.test)
    gains = np.sign(questions.strong - questions.weak)[train]
    wrong = questions.weak[train] < questions.weak.max()
    return {
        "one_head": one_head(learned, gains > 0, tested),
        "cheap_wrong": one_head(learned, wrong, tested),
        "batch": Batch(learned, gains).net_gains(tested),
    }


def row(setting: Setting, found: Sequence[Measured]) -> dict[str, Any]:
    """Means over folds, beside what was published."""
    pairs = max(one.pairs for one in found)
    means: dict[str, Any] = {}
    for name in ROUTERS:
        apgr, cpt80 = np.mean([one.recovered[name] for one in found], axis=0)
        means[name] = {"apgr": round(float(apgr), 4), "cpt80": round(float(cpt80), 1)}
    published = setting.published
    spread = np.std([one.recovered["two_heads"] for one in found], axis=0)
    return {
        "setting": setting.name,
        "pairs": pairs,
        "note": "" if pairs == setting.pairs else f"no more than {pairs} pairs in the pool",
        "test_prompts": round(float(np.mean([len(one.truths) for one in found]))),
        **means,
        "routellm_published": None if published is None else published._asdict(),
        "sd_over_folds": dict(zip(("apgr", "cpt80"), spread.round(4).tolist(), strict=True)),
        "gain_over_one_head": paired(found, "two_heads", "one_head"),
        "online_minus_batch": paired(found, "online", "batch"),
        "calibration": calibration(found),
        "strong_share": [round(one.strong_share, 4) for one in found],
    }


def paired(found: Sequence[Measured], first: str, second: str) -> dict[str, float]:
    """Difference of APGR within folds: mean, its standard error, share of folds above 0."""
    gains = np.array([one.recovered[first].apgr - one.recovered[second].apgr for one in found])
    error = float(np.std(gains, ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else float("nan")
    return {
        "mean": round(float(gains.mean()), 4),
        "standard_error": round(error, 4),
        "folds_above_0": round(float((gains > 0).mean()), 3),
    }


def calibration(found: Sequence[Measured]) -> dict[str, float]:
    """Calibration error of P(higher tier better), and what chances that are right would show.

    By fold; over all folds of a seed together; and over as many prompts as the bars were set for,
    since with fewer the error of right chances is larger.
    """
    sizes: dict[str, list[tuple[Numbers, Numbers]]] = {
        "per_fold": [(one.chances, one.truths) for one in found],
        "pooled": [],
        "at_bar_size": [],
    }
    for seed in sorted({one.seed for one in found}):
        own = [one for one in found if one.seed == seed]
        chances = np.concatenate([one.chances for one in own])
        truths = np.concatenate([one.truths for one in own])
        sizes["pooled"].append((chances, truths))
        order = np.random.default_rng(seed).permutation(len(truths))
        for part in np.array_split(order, max(1, round(len(order) / BAR_PROMPTS))):
            sizes["at_bar_size"].append((chances[part], truths[part]))
    figures = {}
    for name, parts in sizes.items():
        figures[name] = float(np.mean([calibration_error(*part) for part in parts]))
        figures[f"{name}_floor"] = float(np.mean([calibration_floor(part[0]) for part in parts]))
        figures[f"{name}_prompts"] = float(np.mean([len(part[0]) for part in parts]))
    return {name: round(value, 4) for name, value in figures.items()}


def bar(
    name: str,
    what: str,
    must: tuple[str, float],
    aim: float | None,
    measured: float,
    *,
    note: str = "",
) -> dict[str, Any]:
    """One line of the table of bars; ``must`` is a comparison and its limit."""
    relation, limit = must
    holds = measured >= limit if relation == ">=" else measured <= limit
    line = {
        "bar": name,
        "what": what,
        "must": f"{relation} {limit:g}",
        "aim": aim,
        "measured": round(measured, 4),
        "holds": bool(holds),
    }
    return {**line, "note": note} if note else line


def quality_bars(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """B1 to B10 and B14, as far as their settings were measured."""
    bars = []
    for name, key, apgr, cpt80 in (
        ("B1", "mmlu_1500", (0.628, 0.642), None),
        ("B2", "mmlu_5000", (0.652, 0.668), (63.0, 60.1)),
        ("B5", "gsm8k_1000", (0.643, 0.658), (60.0, None)),
        ("B6", "mmlu_gsm8k_5000", (0.650, 0.666), None),
    ):
        if (found := rows.get(key)) is None:
            continue
        figures, what = found["two_heads"], found["setting"]
        note = found["note"]
        bars.append(bar(name, f"{what} APGR", (">=", apgr[0]), apgr[1], figures["apgr"], note=note))
        if cpt80:
            must = ("<=", cpt80[0])
            bars.append(bar(name, f"{what} CPT80", must, cpt80[1], figures["cpt80"], note=note))
    if large := rows.get("mmlu_5000"):
        gain = large["gain_over_one_head"]["mean"]
        bars.append(bar("B7", "gain over one head, MMLU 5,000", (">=", 0.015), 0.030, gain))
    for key, most, least in (("mmlu_1500", 0.030, 0.025), ("mmlu_5000", 0.027, 0.023)):
        if found := rows.get(key):
            bars += calibration_bars(found, most, least)
    if found := rows.get("mmlu_2000"):
        off = [abs(share - STRONG_SHARE) for share in found["strong_share"]]
        points, prompts = 100 * max(off), found["test_prompts"]
        drawn = np.random.default_rng(0).binomial(prompts, STRONG_SHARE, (1_000, len(off)))
        due = 100 * np.mean(np.max(abs(drawn / prompts - STRONG_SHARE), axis=1))
        note = (
            f"mean {100 * np.mean(off):.2f}; of {len(off)} draws of {prompts} prompts from a"
            f" share of exactly 40 % the worst would be off by {due:.2f}"
        )
        what = "worst fold's distance from 40 % strong, points"
        bars.append(bar("B10", what, ("<=", 3.0), 1.3, points, note=note))
    if large:
        gap = large["online_minus_batch"]["mean"]
        bars.append(bar("B14", "online minus batch APGR, MMLU 5,000", (">=", -0.008), 0.0, gap))
    return bars


def calibration_bars(found: dict[str, Any], must: float, aim: float) -> list[dict[str, Any]]:
    """B8: per fold, as it is written; and over as many prompts as it was set for."""
    figures, bars = found["calibration"], []
    for size, where in (("per_fold", "per fold"), ("at_bar_size", "at the bar's size")):
        prompts, floor = figures[f"{size}_prompts"], figures[f"{size}_floor"]
        note = f"{prompts:.0f} prompts; chances that are right would show {floor:.4f}"
        what = f"calibration error, {found['setting']}, {where}"
        bars.append(bar("B8", what, ("<=", must), aim, figures[size], note=note))
    return bars


def cost_bars(
    decide: Times, typed: Times, huge: Times, fresh: Fresh, minilm: Times | None
) -> list[dict[str, Any]]:
    """B11 to B13."""
    bars = [
        bar("B11", f"{what}, {name} us", ("<=", limit), None, getattr(times, f"{name}_us"))
        for what, times in (("decide", decide), ("decide, local + types", typed))
        for name, limit in (("median", 120), ("p99", 500))
    ]
    if minilm is not None:
        for what, limit, aim in (("median", 100, 200), ("p99", 30, None)):
            name = f"{what}_us"
            ratio = getattr(minilm, name) / getattr(decide, name)
            bars.append(
                bar("B11", f"MiniLM forward over decide, {what}", (">=", limit), aim, ratio)
            )
    ratio = huge.median_us / decide.median_us
    artefact, others = fresh.artefact_bytes / MIB, len(fresh.modules)
    return [
        *bars,
        bar("B12", "200,000 characters over the median", ("<=", 3), 1.5, ratio),
        bar("B13", "import + first decide, ms", ("<=", 150), None, fresh.first_decision_ms),
        bar("B13", "modules beyond ours and the standard library", ("<=", 0), 0, others),
        bar("B13", "artefact, MiB", ("<=", 1), None, artefact),
    ]


def cost(data: Path, *, minilm: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Train on 5,000 MMLU pairs and time decisions about all MMLU prompts."""
    questions = read_questions(files(data, ("mmlu",)))
    train = next(folds(questions, 0)).draw(5_000)
    verdicts = questions.verdicts
    classifier = LocalClassifier().fit(
        [questions.texts[at] for at in train], [verdicts[at] for at in train]
    )
    texts = questions.texts
    types, _ = build_types(
        [texts[at] for at in train],
        {"weak": [float(verdicts[at] == "worse") for at in train]},
        [str(at) for at in train],
    )
    decide, alone = timed(decider(classifier), texts), timed(classifier.predict, texts)
    carrier = LocalClassifier.from_bytes(classifier.to_bytes())
    carrier.type_offsets = TypeOffsets(types.version, dict.fromkeys(types.names, (0.1, -0.1)))
    typed = timed(decider(carrier, types), texts)
    huge = timed(decider(classifier), huge_prompts(texts))
    fresh = fresh_process(classifier)
    forward = None
    if minilm:
        from minilm import forward as embed  # noqa: PLC0415 - needs four packages of its own

        forward = timed(embed(), texts[:400], rounds=2)
    figures = {
        "route": decide._asdict(),
        "route_with_types": typed._asdict() | {"types": len(types.names)},
        "predict": alone._asdict(),
        "route_200000_characters": huge._asdict(),
        "fresh_process": fresh._asdict(),
        "minilm_onnx_fp32": None if forward is None else forward._asdict(),
    }
    return figures, cost_bars(decide, typed, huge, fresh, forward)


def all_rows(
    data: Path, names: Sequence[str], seeds: int, number: int, processes: int
) -> dict[str, dict[str, Any]]:
    """Every setting on every fold, spread over processes."""
    # One thread a process: the batch fit's matrices are small, and threads fight for the cores.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # Fresh interpreters, which read that before they import numpy.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = {
            name: [
                pool.submit(measure, data, SETTINGS[name], seed, fold)
                for seed in range(seeds)
                for fold in range(number)
            ]
            for name in names
        }
        rows = {}
        for name, pending in jobs.items():
            rows[name] = row(SETTINGS[name], [job.result() for job in pending])
            show_row(rows[name])
    return rows


def show_row(found: dict[str, Any]) -> None:
    """One setting on stderr."""
    published = found["routellm_published"]
    figures = {name: found[name] for name in ROUTERS}
    cells = [f"{name} {one['apgr']:.3f} ({one['cpt80']:.1f})" for name, one in figures.items()]
    known = "none" if published is None else f"{published['apgr']:.3f} ({published['cpt80']:.1f})"
    print(f"{found['setting']}: RouteLLM {known}, {', '.join(cells)}", file=sys.stderr, flush=True)


def show_bars(bars: Sequence[dict[str, Any]]) -> None:
    """The table of bars on stderr."""
    for line in bars:
        holds = "holds" if line["holds"] else "DOES NOT HOLD"
        print(
            f"{line['bar']:4} {line['what']:52} {line['must']:>9}  {line['measured']:>9g}  {holds}",
            file=sys.stderr,
        )


def arguments() -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(description="The local classifier's bars, on recorded data.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of routellm_*_dev.jsonl.gz")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"1 or more; {SEEDS} is full")
    parser.add_argument("--folds", type=int, default=FOLDS, help=f"of each seed, 1 to {FOLDS}")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minilm", action="store_true", help="time a MiniLM forward as well")
    parser.add_argument("--no-cost", action="store_true", help="leave out B11 to B13")
    asked = parser.parse_args()
    if asked.seeds < 1 or not 1 <= asked.folds <= FOLDS or asked.processes < 1:
        parser.error(f"accepted: 1 seed or more, 1 to {FOLDS} folds, 1 process or more")
    return asked


def main() -> None:
    """Measure and print."""
    asked = arguments()
    absent = [path for path in files(asked.data, ("mmlu", "gsm8k")) if not path.exists()]
    if absent:
        print(f"nothing was measured: no {absent[0]}; --data names the folder", file=sys.stderr)
        return
    # Before the pool: timing wants a quiet machine.
    figures, timed_bars = ({}, []) if asked.no_cost else cost(asked.data, minilm=asked.minilm)
    rows = all_rows(asked.data, asked.settings, asked.seeds, asked.folds, asked.processes)
    bars = [*quality_bars(rows), *timed_bars]
    show_bars(bars)
    result = {
        "benchmark": "router",
        "seeds": asked.seeds,
        "folds": asked.folds,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rows": list(rows.values()),
        "cost": figures,
        "bars": bars,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
