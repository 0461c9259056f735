from __future__ import annotations

import collections
import copy
import datetime as dt
import importlib.util
import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

Rows = list[dict[str, Any]]
Probe = tuple[Any, ...]

FOLDER = Path(__file__).parents[2] / "evalsets" / "demo"
TIERS = ("simple", "standard", "complex")
CHANGE_AT = 540
KEYS = ["id", "at_s", "session", "task", "messages", "answers", "verdicts", "verdict_source"]
EARLIER_TURNS = {
    (),
    ("system",),
    ("user", "assistant"),
    ("system", "user", "assistant"),
}


@pytest.fixture(scope="module")
def rows() -> Rows:
    return [json.loads(line) for line in (FOLDER / "items.jsonl").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def build() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("demo_build", FOLDER / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_build"] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    yield module
    del sys.modules["demo_build"]


def level_of(row: dict[str, Any]) -> str:
    return str(row["task"].split("/")[1])


def worse_rate(rows: Rows, pair: str, *levels: str) -> float:
    verdicts = [row["verdicts"][pair] for row in rows if not levels or level_of(row) in levels]
    assert len(verdicts) >= 50
    return verdicts.count("worse") / len(verdicts)


def prompt_of(row: dict[str, Any]) -> str:
    return " ".join(message["content"] for message in row["messages"])


# --- the file ---


def test_a_rebuild_is_identical() -> None:
    run = subprocess.run(
        [sys.executable, FOLDER / "build.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_check_notices_a_changed_file(
    build: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed = tmp_path / "items.jsonl"
    changed.write_bytes((FOLDER / "items.jsonl").read_bytes()[:-1])
    monkeypatch.setattr(build, "ITEMS", changed)
    assert build.main(["--check"]) == 1
    assert "differs from a rebuild" in capsys.readouterr().out
    assert build.main(["--frobnicate"]) == 2


def test_the_file_is_small_and_has_900_lines(rows: Rows) -> None:
    assert len(rows) == 900
    assert (FOLDER / "items.jsonl").stat().st_size < 3_000_000


def test_each_line_has_the_format_of_recorded_traffic(rows: Rows) -> None:
    for row in rows:
        assert list(row) == KEYS
        assert tuple(row["answers"]) == TIERS
        assert all(
            list(answer) == ["text", "cost_usd", "score"] for answer in row["answers"].values()
        )
        assert all(answer["score"] in {0, 0.5, 1} for answer in row["answers"].values())
        assert all(answer["text"].strip() for answer in row["answers"].values())
        assert list(row["verdicts"]) == ["simple<standard", "standard<complex"]
        assert row["verdict_source"] == "written with the set"
        roles = [message["role"] for message in row["messages"]]
        assert roles[-1] == "user"
        assert tuple(roles[:-1]) in EARLIER_TURNS


def test_ids_and_requests_are_unique(rows: Rows) -> None:
    # The recorded provider finds the answers by the messages, so a request may occur only once.
    assert len({row["id"] for row in rows}) == 900
    assert len({json.dumps(row["messages"]) for row in rows}) == 900
    assert len({row["messages"][-1]["content"] for row in rows}) == 900


def test_arrivals_are_sorted_over_six_hours(rows: Rows) -> None:
    times = [row["at_s"] for row in rows]
    assert times == sorted(times)
    assert times[0] >= 0
    assert 5 * 3600 < times[-1] <= 6 * 3600


def test_sessions_have_one_to_four_exchanges(rows: Rows) -> None:
    sizes = collections.Counter(collections.Counter(row["session"] for row in rows).values())
    assert set(sizes) == {1, 2, 3, 4}


def test_costs_follow_the_price_list(rows: Rows) -> None:
    prices = {"simple": 0.25, "standard": 3, "complex": 15}
    for row in rows:
        asked = sum(len(message["content"]) for message in row["messages"])
        for tier, answer in row["answers"].items():
            tokens = (asked + len(answer["text"])) / 4
            assert answer["cost_usd"] == pytest.approx(tokens * prices[tier] / 1e6, rel=1e-6)


# --- composition ---


def test_the_card_shows_the_measured_composition(build: ModuleType, rows: Rows) -> None:
    assert build.table_of(rows) in (FOLDER / "card.md").read_text(encoding="utf-8")
    counts = collections.Counter(level_of(row) for row in rows)
    assert counts == {"easy": 495, "medium": 270, "hard": 135}
    assert len({row["task"].split("/")[0] for row in rows}) == 8


def test_the_card_shows_the_measured_rates(rows: Rows) -> None:
    card = (FOLDER / "card.md").read_text(encoding="utf-8")
    for levels in (("easy",), ("medium",), ("hard",), ("easy", "medium", "hard")):
        rates = [
            f"{worse_rate(part, pair, *levels):.3f}".removeprefix("0")
            for pair in ("simple<standard", "standard<complex")
            for part in (rows[:CHANGE_AT], rows[CHANGE_AT:])
        ]
        name = levels[0] if len(levels) == 1 else "all"
        assert f"| {name} | {' | '.join(rates)} |" in card


@pytest.mark.parametrize(
    ("pattern", "at_least"),
    [
        ("[\u0590-\u06ff]", 36),  # Hebrew, Arabic
        ("[\U0001f300-\U0001faff]", 36),
        (r"@example\.com", 36),
        (r"\b555\b", 36),
        (r"(?i)ignore (the above|all previous)", 24),
    ],
)
def test_awkward_text_occurs_by_the_dozen(rows: Rows, pattern: str, at_least: int) -> None:
    assert sum(bool(re.search(pattern, prompt_of(row))) for row in rows) >= at_least


def test_addresses_are_made_up(rows: Rows) -> None:
    domains = [name for row in rows for name in re.findall(r"@([\w.]*\w)", prompt_of(row))]
    assert len(domains) >= 100
    assert set(domains) == {"example.com"}


def test_one_in_ten_has_a_system_message_or_an_earlier_turn(rows: Rows) -> None:
    assert 0.08 <= sum(len(row["messages"]) > 1 for row in rows) / 900 <= 0.15


def test_length_tells_easy_from_the_rest_but_not_always(rows: Rows) -> None:
    def auc(low: list[int], high: list[int]) -> float:
        return sum((h > x) + (h == x) / 2 for x in low for h in high) / len(low) / len(high)

    lengths = collections.defaultdict(list)
    for row in rows:
        lengths[level_of(row)].append(len(row["messages"][-1]["content"]))
    assert 0.85 <= auc(lengths["easy"], lengths["medium"] + lengths["hard"]) <= 0.95
    assert min(map(min, lengths.values())) < 30
    assert 1_800 < max(map(max, lengths.values())) < 3_000


# --- quality ---


def test_verdicts_follow_from_scores(rows: Rows) -> None:
    expected = {-1: "worse", 0: "tie", 1: "better"}
    for row in rows:
        for pair, verdict in row["verdicts"].items():
            low, high = (row["answers"][tier] for tier in pair.split("<"))
            assert (
                verdict == expected[(low["score"] > high["score"]) - (low["score"] < high["score"])]
            )
            assert verdict == "tie" or low["text"] != high["text"]


def test_some_ties_are_identical_texts(rows: Rows) -> None:
    ties = [
        row["answers"][low]["text"] == row["answers"][high]["text"]
        for row in rows
        for low, high in (("simple", "standard"), ("standard", "complex"))
        if row["verdicts"][f"{low}<{high}"] == "tie"
    ]
    assert 0.10 <= sum(ties) / len(ties) <= 0.20


def test_difficulty_decides_quality_before_the_change(rows: Rows) -> None:
    before = rows[:CHANGE_AT]
    assert 0.24 <= worse_rate(before, "simple<standard") <= 0.29
    assert worse_rate(before, "simple<standard", "easy") <= 0.04
    assert 0.55 <= worse_rate(before, "simple<standard", "medium") <= 0.68
    assert 0.07 <= worse_rate(before, "standard<complex") <= 0.10
    assert worse_rate(before, "standard<complex", "easy", "medium") <= 0.02
    assert 0.45 <= worse_rate(before, "standard<complex", "hard") <= 0.55


def test_the_standard_tier_gets_worse_at_the_change(rows: Rows) -> None:
    after = rows[CHANGE_AT:]
    assert 0.42 <= worse_rate(after, "standard<complex", "easy") <= 0.48
    assert 0.52 <= worse_rate(after, "standard<complex", "medium") <= 0.60
    assert 0.52 <= worse_rate(after, "standard<complex", "hard") <= 0.60


@pytest.mark.parametrize("tier", ["simple", "complex"])
@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_the_other_tiers_do_not_change(rows: Rows, tier: str, level: str) -> None:
    def mean(part: Rows) -> float:
        scores: list[float] = [
            row["answers"][tier]["score"] for row in part if level_of(row) == level
        ]
        return sum(scores) / len(scores)

    # Quotas, not draws: what is left is rounding, at most one answer in 54.
    assert mean(rows[:CHANGE_AT]) == pytest.approx(mean(rows[CHANGE_AT:]), abs=1 / 54)


def test_complex_is_right_nearly_always(rows: Rows) -> None:
    assert sum(row["answers"]["complex"]["score"] == 1 for row in rows) >= 0.985 * 900


def test_no_wording_marks_the_change(rows: Rows) -> None:
    # A marker would open many of the weaker model's answers and none of the good one's.
    before, after = (
        collections.Counter(row["answers"]["standard"]["text"][:12] for row in part)
        for part in (rows[:CHANGE_AT], rows[CHANGE_AT:])
    )
    assert max(n for start, n in after.items() if start not in before) < 0.05 * 360


# --- the grades are true ---


def test_extracted_json_is_the_reference_exactly_when_it_scores_one(rows: Rows) -> None:
    checked = 0
    for row in rows:
        if not row["task"].startswith("json_extract"):
            continue
        found = []
        for answer in row["answers"].values():
            try:
                found.append((answer["score"], json.loads(answer["text"])))
            except json.JSONDecodeError:
                assert answer["score"] < 1
        right = [value for score, value in found if score == 1]
        assert all(value == right[0] for value in right)
        assert not right or all(value != right[0] for score, value in found if score < 1)
        checked += len(right) >= 2
    assert checked >= 60


def test_weekdays_are_right_exactly_when_they_score_one(rows: Rows) -> None:
    checked = 0
    for row in rows:
        asked = re.search(
            r"(?:weekday does|of the week is) (\d+ \w+ \d{4})", row["messages"][-1]["content"]
        )
        if asked:
            day = dt.datetime.strptime(asked[1], "%d %B %Y").strftime("%A")  # noqa: DTZ007 - a date has no zone
            for answer in row["answers"].values():
                assert (day in answer["text"]) == (answer["score"] == 1)
                checked += 1
    assert checked >= 60


def test_hand_over_notes_that_score_one_keep_the_rules(rows: Rows) -> None:
    notes = [
        (prompt_of(row), answer["text"])
        for row in rows
        if row["task"] == "ticket_summary/hard"
        for answer in row["answers"].values()
        if answer["score"] == 1
    ]
    assert len(notes) >= 20
    for prompt, note in notes:
        assert len(note.split()) <= 60
        assert "Next step: " in note
        (customer,) = re.findall(r"^\[1\] (.+?) <", prompt, re.MULTILINE)
        assert customer not in note
        assert "@" not in note


def bare(text: str) -> str:
    """The code of an answer, without its fence."""
    block = re.search(r"```(?:sql|python)?\n(.*)\n```", text, re.DOTALL)
    return block[1] if block else text


def graded(draft: Any) -> tuple[list[str], list[str]]:
    """Right answers, and all the others, as code."""
    others = draft.partly + draft.wrong + draft.weak_partly + draft.weak_wrong
    return [bare(text) for text in draft.right], [bare(text) for text in others]


def assert_told_apart(right: list[Probe], others: list[Probe]) -> None:
    """Outcomes of right answers over all probes agree; each other answer differs somewhere."""
    assert all(outcome == right[0] for outcome in right)
    assert all(outcome != right[0] for outcome in others)


DAYS = ["2022-12-31", "2023-01-01", "2023-06-15", "2023-12-31", "2024-01-01", "2024-03-09"]


def fill(database: sqlite3.Connection, table: str, rows: Sequence[Probe]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - build.py's names


def one_table(seed: int, table: str, columns: Sequence[str], values: Sequence[str]) -> Any:
    chance, database = Random(seed), sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE {table} (id, {', '.join(columns)})")
    span = range(1, 41)
    fill(
        database,
        table,
        [(i, chance.choice(values), chance.randint(1, 6), chance.choice(DAYS)) for i in span],
    )
    return database


def four_tables(seed: int, prompt: str, areas: Sequence[str], bad: str) -> Any:
    chance, database = Random(seed), sqlite3.connect(":memory:")
    tables = re.findall(r"CREATE TABLE (\w+) [^;]+", prompt)
    database.executescript(";\n".join(re.findall(r"CREATE TABLE [^;]+", prompt)))
    status = ["paid", "open", bad]
    contents: list[list[Probe]] = [
        [(i, f"name {i}", chance.choice(areas)) for i in range(1, 13)],
        [
            (i, chance.randint(1, 12), chance.choice(DAYS), chance.choice(status))
            for i in range(1, 41)
        ],
        [
            (i, chance.randint(1, 40), chance.randint(1, 3), chance.choice([100, 250]))
            for i in range(1, 121)
        ],
        [(2,), (2,), (5,)],
    ]
    for table, content in zip(tables, contents, strict=False):  # easier prompts show two tables
        fill(database, table, content)
    return database


def sql_outcome(databases: Sequence[Any], statement: str, *, ordered: bool) -> Probe:
    found: list[Any] = []
    for database in databases:
        try:
            rows = database.execute(statement).fetchall()
        except sqlite3.Error:
            found.append("error")
        else:
            found.append(rows if ordered else sorted(rows))
    return tuple(found)


def assert_sql_grades(draft: Any, databases: Sequence[Any]) -> None:
    right, others = graded(draft)
    ordered = "ORDER BY" in right[0]
    results = [sql_outcome(databases, text, ordered=ordered) for text in right]
    assert "error" not in results[0]
    assert any(results[0])
    assert_told_apart(results, [sql_outcome(databases, text, ordered=ordered) for text in others])
    for database in databases:
        database.close()


def test_sql_over_one_table_is_right_exactly_when_it_scores_one(build: ModuleType) -> None:
    assert len(build.TABLES) * len(build.SQL_EASY) == 15
    for table, category, values, number, day in build.TABLES:
        slots = {"category": category, "num": number, "day": day, "value": values[0]}
        for draft in build.SQL_EASY:
            databases = [
                one_table(seed, table, (category, number, day), values) for seed in range(4)
            ]
            assert_sql_grades(draft.filled(**slots, table=table, k=3, year=2023), databases)


def test_sql_over_many_tables_is_right_exactly_when_it_scores_one(build: ModuleType) -> None:
    assert len(build.FAMILIES) * len(build.SQL_MEDIUM) == 8
    for parent, child, lines, area, values, bad in build.FAMILIES:
        slots = {"parent": parent, "child": child, "lines": lines, "area": area, "bad": bad}
        for draft in (*build.SQL_MEDIUM, build.SQL_HARD):
            full = draft.filled(**slots, value=values[0], k=3, year=2023, next=2024)
            areas = [*values, "Else"]
            databases = [four_tables(seed, full.prompt, areas, bad) for seed in range(8)]
            assert_sql_grades(full, databases)


PROBES: dict[str, list[list[Probe]]] = {  # arguments for each function, with k = 4
    "PYTHON_EASY": [
        [([],), ([1, 4, 5, 9, 4],)],
        [("abcdefgh",), ("abc",), ("",)],
        [(0,), (12,), (13,)],
        [(-9,), (-4,), (0,), (2,), (9,)],
        [("Ab four Fives TheQuick a",), ("",)],
    ],
    "PYTHON_MEDIUM": [
        [([], 0), ([1, 2, 3, 4, 5], 0), ([1, 2, 3, 4], 0)],
        [(["A ", " a", "", "b", "B", "  ", "c"],), (["e", "d", "c", "b", "a"],)],
        [("",), ("2h 5m",), ("1d 3h",), ("3h 1d",), ("5x",), ("1h  5m",)],
        [([],), ([1, 2, 3, 4, 5, 6, 8],)],
    ],
    "PYTHON_HARD": [
        [
            ([],), ([(14, 20), (0, 10)],), ([(0, 10), (13, 20)],),
            ([(0, 99), (20, 30), (110, 120)],), ([(5, 5)],),
        ],
        [
            (100, {"a": 1, "b": 1, "c": 1}), (5, {"a": 0}), (7, {"a": 2, "b": 3, "c": 1}),
            (10**15 + 1, {"a": 3, "z": 0, "b": 7}),
        ],
        [({},), ({"b": ["d", "d"], "a": ["b"], "c": []},), ({"a": ["b"], "b": ["a"], "c": []},)],
    ],
}  # fmt: skip


def call_outcome(source: str, probes: Sequence[Probe]) -> Probe:
    found: list[Probe] = []
    for probe in probes:
        arguments = copy.deepcopy(probe)
        scope: dict[str, Any] = {}
        try:
            exec(source, scope)  # noqa: S102 - code written in build.py, run to see that it is right
            result = scope["f"](*arguments)
        except Exception as error:  # noqa: BLE001 - how a wrong function fails is its outcome
            found.append((type(error).__name__, str(error)))
        else:
            order = list(result) if isinstance(result, dict) else None
            found.append((type(result), result, order, arguments))
    return tuple(found)


@pytest.mark.parametrize("name", ["PYTHON_EASY", "PYTHON_MEDIUM", "PYTHON_HARD"])
def test_functions_are_right_exactly_when_they_score_one(build: ModuleType, name: str) -> None:
    for draft, probes in zip(getattr(build, name), PROBES[name], strict=True):
        right, others = graded(draft.filled(f="f", k=4, ask=""))
        results = [call_outcome(text, probes) for text in right]
        assert any(isinstance(part[0], type) for part in results[0])
        assert_told_apart(results, [call_outcome(text, probes) for text in others])


def test_a_text_with_two_grades_is_refused(build: ModuleType) -> None:
    with pytest.raises(ValueError, match="without a clear grade"):
        build.Draft("2 + 2?", ("4",), ("4",), ("5",), ("about 4",), ("22",))
