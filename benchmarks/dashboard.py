"""What each page of the dashboard costs at size: statements, and the server's time.

Fills the real tables (three months, three tiers, 34 task types), brings the sums up to them, and
asks every page and filter in this process, as a browser would that is logged in, the report with a
token, and ``/metrics``, whose figures are kept for ten seconds. Prints, for each: how many
statements, the median and the 99th percentile (of ``--rounds``) in milliseconds. Every address
without a part to fill in is asked, so a new page is measured too.
With ``--before`` the overview of another checkout is asked too, by its own interpreter, on a
database of its own schema with the same rows (but for alerts and proposals, which it has none of),
and the ratio is printed. Exit code 1 when a page does not answer 200, or a bar is missed: 150 ms
median, 500 ms p99, 12 statements, 20 times the other overview. ``/metrics`` and the report under
``/api`` are no pages: they have as many statements as they need.

    python benchmarks/dashboard.py [--exchanges 1000000] [--pairs 200000] [--rounds 100]
                                   [--before PATH] [--only /costs ...]
"""

import argparse
import datetime as dt
import http.client
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text

MEDIAN_MS, P99_MS, STATEMENTS, TIMES = 150.0, 500.0, 12, 20.0
PASSWORD = "correct horse battery"  # noqa: S105 - of a database that is thrown away
CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation: {budget_usd_per_day: 25, min_pairs: 30, tolerance: {simple: 0.05, standard: 0.1}}
"""
# Beside those that stand for themselves: filters, ranges, and the page of one thing.
FILTERS = (
    "/?from=-1h",
    "/?from=-24h",
    "/?from=-30d",
    "/?from=all",
    "/?compare=before",
    "/alerts?state=unresolved",
    "/alerts/{alert}",
    "/alerts/{alert}/label",
    "/proposals?state=undecided",
    "/proposals/{proposal}",
    "/proposals/{proposal}/report",
    "/rollouts/{rollout}",
    "/pairs?tier=simple",
    "/pairs?preferred=inconclusive",
    "/pairs?tier=simple&preferred=alternative",
    "/pairs?tier=simple&direction=down",
    "/pairs?stage=waiting",
    "/pairs?stage=shadowed",
    "/pairs?stage=unscored",
    "/pairs?stage=failed&tier=complex",
    "/pairs?orders=disagree",
    "/pairs?sort=cost",
    "/pairs?sort=latency",
    "/pairs?sort=oldest",
    "/pairs?session=session 7",
    "/pairs?q=reconciliation",
    "/pairs?q=ledger",
    "/pairs?q=ledger&sort=cost",
    "/pairs?q=nowhere",
    "/pairs/{pair}",
    "/review/{pair}",
    "/judge?from=all",
    "/costs?from=-90d",
    "/costs?from=all",
    "/search?q={pair}",
    "/metrics",
    "/api/v1/report",
)
# No pages of anybody who is logged in, or those that make a file of everything.
_NOT_ASKED = ("/login", "/pairs/export", "/review/next", "/static")

# The same rows in either database: a sequence of numbers drawn with one seed, and what follows from
# them. Exchanges are equally far apart; two of a conversation follow each other.
_DRAWN = """
create unlogged table drawn as
select i, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
               || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid as id,
       'session ' || i / (2 * :every) as session,
       (array['simple', 'standard', 'complex'])[1 + (a > 0.6)::int + (a > 0.9)::int] as tier,
       'type ' || floor(34 * b * b)::int as task_type,
       case when a > 0.9 or (a > 0.6 and c > 0.5) then 'down' else 'up' end as direction,
       0.05 + 0.95 * d as pi, i % :every = 0 as paired, e
from (
    select i, date_trunc('hour', now()) - interval '90 days'
              + i * (interval '90 days' / :exchanges) as at,
           random() as a, random() as b, random() as c, random() as d, random() as e
    from generate_series(1, :exchanges) as i
) as numbers
"""
_ROWS = {
    "rollups": """
        select date_trunc(case when at < now() - interval '35 days' then 'hour' else 'minute' end,
                          at) as minute, tier, task_type, floor(10 * e)::int as bin,
               1 as policy_version, 20 * count(*) as requests, 20 * count(*) as finished,
               0 as errors, 0 as escalated, count(*) as sampled, 0 as dropped,
               20 * count(*) as eligible, 1.0 * count(*) as expected, 400 * count(*) as
               prompt_tokens, 90 * count(*) as completion_tokens, 0.002 * count(*) as cost_usd,
               0.02 * count(*) as cost_top_tier_usd, 9000.0 * count(*) as latency_ms
        from drawn group by 1, 2, 3, 4 order by 1""",
    "exchanges": """
        select id, i as request_no, at as arrived_at, at as captured_at, session, tier,
               tier || '-1' as model, 'lab' as provider, tier as label, e as confidence,
               '{"simple": 0.9}'::jsonb as confidences, 0.7 as threshold, false as escalated,
               task_type, 1 as policy_version, 'kept' as reason, direction,
               case when direction = 'up' and tier = 'simple' then 'standard'
                    when direction = 'up' then 'complex'
                    when tier = 'complex' then 'standard' else 'simple' end as alternative_tier,
               0.05 as rate, pi, 20 as prompt_tokens, 90 as completion_tokens, 0.001 as cost_usd,
               500 as latency_ms,
               case when i < :exchanges - 20 then at end as ended_at
        from drawn""",
    "alternatives": """
        select id as exchange_id, 'standard' as tier, 'm' as model, 20 as prompt_tokens,
               90 as completion_tokens, 0.002 as cost_usd, 700 as latency_ms, at as created_at
        from drawn where paired""",
    "verdicts": """
        select id as exchange_id, 'judge/v1' as judge_version,
               case when e < 0.02 then null when e < 0.1 then 'inconclusive'
                    when e < 0.15 then 'alternative' when e < 0.5 then 'tie' else 'served' end
               as preferred,
               case when e between 0.02 and 0.1 then 'swap_disagreement' else 'pairwise' end
               as basis, 'because' as reason, case when e < 0.02 then 'unreadable: no JSON'
               else '' end as unscored_why, '[]'::jsonb as orders, 0.003 as cost_usd, 2 as calls,
               900 as latency_ms, at + interval '5 minutes' as created_at
        from drawn where paired and i < :exchanges - 20""",
    "outcomes": """
        select id as exchange_id, 'judge/v1' as judge_version, session, i as request_no, tier,
               task_type, case when direction = 'up' then tier when tier = 'complex'
               then 'standard' else 'simple' end as boundary, direction,
               tier || '|' || task_type || '|p1|' || tier || '-1|judge/v1' as stream,
               1 as policy_version, e as confidence, pi, 1 as weight,
               (direction = 'up' and e between 0.1 and 0.15 or direction = 'down' and e > 0.5)::int
               as loss, case when e < 0.1 then 'swap_disagreement' else 'pairwise' end as basis,
               row_number() over (order by i) as position,
               row_number() over (order by i) as observation, at + interval '5 minutes' as
               created_at
        from drawn where paired and e >= 0.02 and i < :exchanges - 20""",
    # One word of every question, and one of every thousandth.
    "exchange_texts": """
        select id, jsonb_build_object('messages', jsonb_build_array(jsonb_build_object(
                   'role', 'user', 'content', 'Check ledger ' || i || ' for me' || case when
                   i % 1000 = 0 then ', the reconciliation of May' else '' end))) as request,
               jsonb_build_object('choices', jsonb_build_array(jsonb_build_object('message',
                   jsonb_build_object('role', 'assistant', 'content', 'It adds up to ' || i))))
               as answer
        from drawn where paired""",
    "alternative_texts": """
        select id, jsonb_build_object('choices', jsonb_build_array(jsonb_build_object('message',
                   jsonb_build_object('role', 'assistant', 'content', 'The sum is ' || i))))
               as answer
        from drawn where paired""",
    "failures": """
        select id as exchange_id, 'shadow' as step, 'timeout' as reason, at as created_at
        from drawn where not paired and i < :exchanges - 20""",
    "policies": """
        select 1 as version, '{"simple": 0.7, "standard": 0.7}'::jsonb as thresholds,
               '{}'::jsonb as by_task, 'ada' as author, 'first' as reason""",
    "active_policy": "select 1 as id, 1 as stable_version, 0.0 as share, 'salt' as salt",
    "labels": """
        select id as exchange_id, 'ada' as reviewer, case when e < 0.15 then 'alternative'
               else 'tie' end as preferred, 'served' as shown_first, '' as note
        from drawn where paired and e >= 0.02 and i % 1000 = 0 and i < :exchanges - 20""",
}
# One of each that has a page of its own; the pair was judged and labelled.
_SOME = {
    "pair": "select exchange_id from labels order by exchange_id desc limit 1",
    "alert": "select max(id) from alerts",
    "proposal": "select max(id) from proposals where state = 'open'",
    "rollout": "select max(candidate_version) from proposals",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page took; ``statements`` are no bar of those that are no pages."""

    path: str
    status: int
    statements: int
    median_ms: float
    p99_ms: float

    @property
    def misses(self) -> str:
        """Which bars it misses, in words; empty for none."""
        page = self.path != "/metrics" and not self.path.startswith("/api/")
        found = {
            f"status {self.status}": self.status != http.client.OK,
            f"median over {MEDIAN_MS:.0f} ms": self.median_ms > MEDIAN_MS,
            f"p99 over {P99_MS:.0f} ms": self.p99_ms > P99_MS,
            f"more than {STATEMENTS} statements": page and self.statements > STATEMENTS,
        }
        return ", ".join(words for words, missed in found.items() if missed)


def fill(connection: Connection, *, exchanges: int, pairs: int) -> None:
    """Insert the rows that both databases have, into those columns that this one knows."""
    sizes = {"exchanges": exchanges, "every": max(1, exchanges // pairs)}
    connection.execute(text("select setseed(0.42)"))
    connection.execute(text(_DRAWN), sizes)
    for table, rows in _ROWS.items():
        known = set(
            connection.execute(
                text("select column_name from information_schema.columns where table_name = :name"),
                {"name": table},
            ).scalars()
        )
        made = connection.execute(text(f"select * from ({rows}) r limit 0"), sizes).keys()  # noqa: S608 - ours
        # What triggers would keep is brought up to the rows afterwards.
        connection.execute(text(f"alter table {table} disable trigger user"))
        names = ", ".join(name for name in made if name in known)
        connection.execute(
            text(f"insert into {table} ({names}) select {names} from ({rows}) r"),  # noqa: S608 - ours
            sizes,
        )
        connection.execute(text(f"alter table {table} enable trigger user"))
    connection.execute(text("drop table drawn"))


def fill_decisions(engine: Engine) -> None:
    """Alerts and proposals as the tests make them: some to decide, many of before, one rolling."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    put = importlib.import_module("factories.rows")
    with engine.begin() as connection:
        now = connection.execute(text("select now()")).scalar_one()
        for number in range(300):
            kept = {"segment": f"simple/type {number % 34}", "opened_at": now - number * _EIGHT_H}
            put.add_alert(connection, **kept, state="resolved" if number % 25 else "open")
            put.add_policy(connection, 2 + number)
            put.add_proposal(connection, state="rejected", task_type=f"type {number % 34}")
        for number in range(6):
            put.add_proposal(connection, task_type=f"type {number}")
        put.put_rollout(connection, 2)


_EIGHT_H = dt.timedelta(hours=8)


def serve(root: str, url: str, paths: list[str] | None, rounds: int) -> list[Asked]:
    """Ask pages of a checkout whose packages are below ``root``, once before they are timed.

    Without ``paths`` all there are.
    """
    engine = importlib.import_module(f"{root}.store.database").build_engine(url)
    people = "people" if root == "app" else "people.users"
    add_user = importlib.import_module(f"{root}.store.{people}").add_user
    tokens = "people" if root == "app" else "people.tokens"
    add_token = importlib.import_module(f"{root}.store.{tokens}").add_token
    with engine.begin() as connection:
        name = f"ada{time.time_ns()}"
        add_user(connection, name, PASSWORD, role="admin")
        shown = {"Authorization": f"Bearer {add_token(connection, name, 'viewer')}"}
        some = {what: connection.execute(text(one)).scalar() for what, one in _SOME.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tierwatch.yaml"
        path.write_text(CONFIG)
        config = importlib.import_module(f"{root}.config").load_config(path)
        app = importlib.import_module(f"{root}.dashboard").build_dashboard(
            config=config, engine=engine, secret_key="k" * 32, clock=time.time
        )
    if paths is None:
        paths = [*_plain(app), *FILTERS]
    client = app.test_client()
    form = client.get("/login").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    fields = {"name": name, "password": PASSWORD, "csrf_token": token[1] if token else ""}
    client.post("/login", data=fields)
    counted = [0]

    def count(*_: object) -> None:
        counted[0] += 1

    event.listen(engine, "before_cursor_execute", count)

    def get(path: str) -> Any:
        headers = shown if path.startswith("/api/") else {}
        return client.get(path.format(**some), headers=headers)

    try:
        return [_timed(get, path, rounds, counted) for path in paths]
    finally:
        engine.dispose()


def _plain(app: Any) -> list[str]:
    """Addresses of pages without a part to fill in, the overview first."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and not rule.rule.startswith((*_NOT_ASKED, "/api/", "/metrics", "/healthz", "/readyz"))
    )


def _timed(get: Callable[[str], Any], path: str, rounds: int, counted: list[int]) -> Asked:
    get(path)
    counted[0] = 0
    status = get(path).status_code
    statements, times = counted[0], []
    for _ in range(rounds):
        begun = time.perf_counter()
        answered = get(path).status_code
        times.append(1000 * (time.perf_counter() - begun))
        status = status if answered == status else answered
    times.sort()
    p99 = times[min(len(times) - 1, int(0.99 * len(times)))]
    return Asked(path, status, statements, statistics.median(times), p99)


def prepare(engine: Engine, *, exchanges: int, pairs: int) -> None:
    """Fill a database of this checkout, with its sums."""
    # The other checkout's interpreter reads this file too, and has none of these.
    loop = importlib.import_module("tierwatch.loop.capture.retention")
    sums = importlib.import_module("tierwatch.store.sums.rebuild")
    importlib.import_module("tierwatch.store.migration").migrate(engine)
    begun = time.monotonic()
    with engine.begin() as connection:
        fill(connection, exchanges=exchanges, pairs=pairs)
    fill_decisions(engine)
    print(f"rows in {time.monotonic() - begun:.0f} s")
    sums.rebuild_sums(engine)
    today = dt.datetime.now(dt.UTC).date()
    loop.retention(engine=engine, keep_days=90, keep_figures_days=400, today=today)
    _analyse(engine)


def _analyse(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def before(checkout: Path, engine: Engine, size: argparse.Namespace) -> Asked:
    """The overview of another checkout, by its own interpreter, on a database of its own."""
    url = engine.url.render_as_string(hide_password=False)
    python = [str(checkout / ".venv" / "bin" / "python")]
    migrate = (
        f"from app.store.database import build_engine, migrate\nmigrate(build_engine({url!r}))"
    )
    subprocess.run([*python, "-c", migrate], cwd=checkout, check=True)
    with engine.begin() as connection:
        fill(connection, exchanges=size.exchanges, pairs=size.pairs)
    _analyse(engine)
    done = subprocess.run(
        [*python, str(Path(__file__).resolve()), "--serve", url, "--rounds", "5"],
        cwd=checkout, check=True, capture_output=True, text=True,
        env={"PYTHONPATH": str(checkout), "PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
    )  # fmt: skip
    return Asked(**json.loads(done.stdout.splitlines()[-1]))


def main(arguments: list[str]) -> int:
    """Fill, ask, print; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--only", nargs="+", metavar="PATH", help="these addresses alone")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    size = parser.parse_args(arguments)
    if size.serve:
        print(json.dumps(asdict(serve("app", size.serve, ["/"], size.rounds)[0])))
        return 0
    local = importlib.import_module("tierwatch.local")
    with (
        tempfile.TemporaryDirectory() as folder,
        local.Stack(Path(folder), say=print, environ=dict(os.environ)) as stack,
    ):
        try:
            return int(_measure(stack.start_postgres(), size) > 0)
        finally:
            stack.discard()


def _measure(url: str, size: argparse.Namespace) -> int:
    """Fill, ask, print; how many bars are missed."""
    engine = create_engine(url)
    begun = time.monotonic()
    prepare(engine, exchanges=size.exchanges, pairs=size.pairs)
    print(f"filled in {time.monotonic() - begun:.0f} s")
    asked = serve("tierwatch", url, size.only, size.rounds)
    missed = _print(asked)
    if size.before:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as server:
            server.execute(text("create database before_it"))
        other = create_engine(engine.url.set(database="before_it"))
        old = before(size.before.resolve(), other, size)
        other.dispose()
        ratio = old.median_ms / next(one.median_ms for one in asked if one.path == "/")
        print(
            f"overview before: status {old.status}, {old.median_ms:.0f} ms, {old.statements}"
            f" statements; {ratio:.1f} times as slow"
        )
        missed += ratio < TIMES or old.status != http.client.OK
    engine.dispose()
    return missed


def _print(asked: list[Asked]) -> int:
    print("| page | status | statements | median ms | p99 ms |\n|---|---|---|---|---|")
    for page in asked:
        print(
            f"| `{page.path}` | {page.status} | {page.statements} | {page.median_ms:.0f}"
            f" | {page.p99_ms:.0f} |{page.misses and f' missed: {page.misses}'}"
        )
    missed = sum(bool(page.misses) for page in asked)
    print(f"{len(asked)} addresses, {missed} miss a bar")
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
