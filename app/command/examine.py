"""What a running tierwatch needs, looked at from this process: configuration, Postgres, broker."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.broker import is_rabbit, why_away
from tierwatch.command.serve.serving_config import serving_config
from tierwatch.config import load_config
from tierwatch.dispatch import Dispatch
from tierwatch.errors import TierwatchError
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.backlog.folder import spool_files, unread_files
from tierwatch.loop.capture.document import read_document
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.loop.compare.first_judge import configured_first_judge
from tierwatch.routing.config.prices import price_words, stale_words
from tierwatch.runtime.build import build_runtime
from tierwatch.runtime.recorder import dead_letters
from tierwatch.settings import Settings, variable
from tierwatch.store.database import build_engine
from tierwatch.store.grants import AuditGuard, audit_guard
from tierwatch.store.migration import known_versions
from tierwatch.store.traffic.partitions import covered_until

_ANSWERS_WITHIN_S = 3
_MONTH = dt.timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; a warning is no failure."""

    what: str
    ok: bool
    detail: str
    warning: bool = False


def findings(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Look at configuration, secrets, judge, prices, media, Postgres, schema and broker."""
    return [
        _of_config(settings, environ),
        *price_findings(settings, dt.datetime.now(dt.UTC).date()),
        *media_findings(settings),
        *_of_postgres(settings),
        *_of_brokers(settings),
        *capture_findings(settings),
    ]


def _of_config(settings: Settings, environ: Mapping[str, str]) -> Finding:
    try:
        config = serving_config(settings.config)
        at = build_runtime(settings, config=config, environ=environ)
    except TierwatchError as problem:
        return Finding("configuration", ok=False, detail=str(problem))
    at.engine.dispose()
    names = ", ".join(tier.name for tier in config.tiers)
    detail = f"{settings.config}: tiers {names}; judge {at.judge.version}"
    return Finding("configuration", ok=True, detail=detail)


def price_findings(settings: Settings, today: dt.date) -> list[Finding]:
    """Models whose price nobody knows, and list prices that are too old to trust."""
    try:
        config = load_config(settings.config)
    except TierwatchError:
        return []  # said of the configuration already
    found = [
        Finding("prices", ok=True, detail=f"{key}: {price_words(priced)}", warning=True)
        for key, priced in config.prices.items()
        if priced.origin == "unknown"
    ]
    found += [
        Finding("prices", ok=True, detail=words, warning=True)
        for words in stale_words(config.price_origins, today)
    ]
    return found or [Finding("prices", ok=True, detail="known")]


def media_findings(settings: Settings) -> list[Finding]:
    """Whether images, audio and files of samples are kept, and why not."""
    try:
        evaluation = load_config(settings.config).evaluation
    except TierwatchError:
        return []  # said of the configuration already
    if not evaluation.media:
        detail = "not kept (evaluation.media: false); requests that hold some are not evaluated"
        return [Finding("media", ok=True, detail=detail)]
    if not settings.media_key:
        detail = (
            f"not kept, since {variable('media_key')} is not set; requests that hold some are not"
            " evaluated. Set it, or evaluation.media: false"
        )
        return [Finding("media", ok=True, warning=True, detail=detail)]
    return [Finding("media", ok=True, detail=f"kept for {evaluation.media_days} days, sealed")]


def _of_postgres(settings: Settings) -> list[Finding]:
    engine = build_engine(settings.database_url)
    try:
        return [*_of_database(engine), *_of_first_judge(settings, engine)]
    except SQLAlchemyError as problem:
        why = str(problem).splitlines()[0]
        detail = f"{why}; check TIERWATCH_DATABASE_URL and that the server runs"
        return [Finding("postgres", ok=False, detail=detail)]
    finally:
        engine.dispose()


def _of_database(engine: Engine) -> list[Finding]:
    with engine.connect() as connection:
        server = connection.execute(text("show server_version")).scalar_one()
        found = [Finding("postgres", ok=True, detail=f"version {server}")]
        exists = connection.execute(text("select to_regclass('alembic_version')")).scalar()
        if exists is None:
            found.append(
                Finding("schema", ok=False, detail="no tables yet; run: tierwatch migrate")
            )
        else:
            version = connection.execute(text("select version_num from alembic_version")).scalar()
            found.append(schema_finding(version or "none", known_versions()))
            found.append(months_finding(covered_until(connection), dt.datetime.now(dt.UTC).date()))
            found.append(_of_audit(audit_guard(connection)))
            found.append(_of_media_size(connection))
    return found


def _of_first_judge(settings: Settings, engine: Engine) -> list[Finding]:
    """Whether the cheaper judge that is configured is asked first, or why not."""
    try:
        judge = load_config(settings.config).evaluation.judge
    except TierwatchError:
        return []  # said of the configuration already
    with engine.connect() as connection:
        if connection.execute(text("select to_regclass('monitors')")).scalar() is None:
            return []  # said of the schema already
        kept = configured_first_judge(connection, judge)
    if kept is None:
        return []
    detail = kept.sentence
    if kept.found.n == 0 and not settings.anchors_every_s:
        detail += f" They are off: set {variable('anchors_every_s')}."
    return [Finding("first judge", ok=True, warning=not kept.found.stands, detail=detail)]


def schema_finding(version: str, known: Sequence[str]) -> Finding:
    """Whether the tables are those of this tierwatch; ``known`` versions begin with its own."""
    newest = known[0]
    if version == newest:
        return Finding("schema", ok=True, detail=f"version {version}")
    if version not in known and version != "none":
        # A rolling upgrade, seen by a process that has not been replaced yet.
        detail = f"version {version}, which is newer than this tierwatch and its {newest}"
        return Finding("schema", ok=True, warning=True, detail=detail)
    detail = f"version {version}, and this tierwatch needs {newest}; run: tierwatch migrate"
    return Finding("schema", ok=False, detail=detail)


def months_finding(ends: Mapping[str, dt.date | None], today: dt.date) -> Finding:
    """How far ahead the tables of figures are cut; a row beyond their last month is refused."""
    cut = {table: end for table, end in ends.items() if end is not None}
    if not cut:
        return Finding("months", ok=False, detail="not cut by month; run: tierwatch migrate")
    table, end = min(cut.items(), key=lambda one: one[1])
    detail = f"{table} takes rows until {end:%Y-%m-%d}"
    if end <= today + _MONTH:
        detail += "; a worker makes months ahead every hour: check that beat and a worker run"
    return Finding("months", ok=end > today, warning=end <= today + _MONTH, detail=detail)


def _of_media_size(connection: Connection) -> Finding:
    taken = connection.execute(
        text("select coalesce(pg_total_relation_size(to_regclass('exchange_media')), 0)")
    ).scalar_one()
    return Finding("media table", ok=True, detail=f"{taken / 1e6:.1f} MB")


def _of_audit(guard: AuditGuard) -> Finding:
    if guard.holds:
        return Finding("audit", ok=True, detail=f"role {guard.role} can read and append only")
    why = "it owns the tables" if guard.owns else "it was granted more than reading and appending"
    detail = f"role {guard.role} could rewrite it: {why}; docs/people.md has the way to two roles"
    return Finding("audit", ok=True, detail=detail, warning=True)


def _of_brokers(settings: Settings) -> list[Finding]:
    """The broker of the workers, and the Redis of the gateways where it is another server."""
    found = [_of_broker(settings.broker, "broker_url" if settings.broker_url else "redis_url")]
    if settings.redis_url and settings.redis_url != settings.broker:
        found.append(_of_broker(settings.redis_url, "redis_url", without="gateways share nothing"))
    return found


def _of_broker(url: str, name: str, *, without: str = "rows wait in Postgres") -> Finding:
    what = "rabbitmq" if is_rabbit(url) else "redis"
    if why := why_away(url, within_s=_ANSWERS_WITHIN_S):
        detail = f"{why}; check {variable(name)}. Until it is back, {without}"
        return Finding(what, ok=False, detail=detail)
    return Finding(what, ok=True, detail="answers")


def capture_findings(settings: Settings) -> list[Finding]:
    """What waits for Postgres on this machine, and what cannot be stored."""
    waiting = sum(path.stat().st_size for path in spool_files(settings.spool_dir))
    unread = unread_files(settings.spool_dir)
    found = [
        Finding(
            "spool",
            ok=True,
            warning=waiting > 0,
            detail=f"{waiting / 1e6:.1f} MB wait for Postgres below {settings.spool_dir}"
            if waiting
            else "nothing waits",
        )
    ]
    if unread:
        names = ", ".join(path.name for path in unread)
        detail = f"set aside, since a line in them was not understood: {names}"
        found.append(Finding("spool", ok=True, warning=True, detail=detail))
    return [*found, _of_letters(dead_letters(settings), dt.datetime.now(dt.UTC))]


def _of_letters(letters: DeadLetters, now: dt.datetime) -> Finding:
    found = letters.summary()
    if not found.count and not found.unread:
        return Finding("dead letters", ok=True, detail="none")
    oldest = dt.datetime.fromtimestamp(found.oldest_at or now.timestamp(), dt.UTC)
    causes = [f"{count} x {what} ({cause})" for (what, cause), count in found.causes.most_common(8)]
    if found.unread:
        causes.append(f"{found.unread} x another version's or cut")
    detail = (
        f"{found.count + found.unread}, the oldest from {oldest:%Y-%m-%d %H:%M} UTC:"
        f" {', '.join(causes)}. Once the cause is mended: tierwatch doctor --put-back"
    )
    return Finding("dead letters", ok=True, warning=True, detail=detail)


def letter_lines(settings: Settings) -> list[str]:
    """A line for each letter, without anything that it says."""
    lines = []
    for letter in dead_letters(settings).letters():
        if letter is None:
            lines.append("not read: another version's, or cut")
            continue
        at = dt.datetime.fromtimestamp(letter.at, dt.UTC)
        ids = ", ".join(letter.exchange_ids[:3]) + (" ..." if len(letter.exchange_ids) > 3 else "")  # noqa: PLR2004 - as many as fit a line
        lines.append(f"{at:%Y-%m-%d %H:%M:%S} {letter.what}: {letter.cause} {ids}".rstrip())
    return lines


def put_back(settings: Settings, *, engine: Engine, dispatch: Dispatch) -> tuple[int, int]:
    """Store what can be stored by now.

    Returns:
        How many letters were put back, and how many are left.

    Raises:
        OSError: the folder cannot be written.
    """
    letters = dead_letters(settings)
    store = BatchStore(engine, dispatch, letters)

    def write(letter: Letter) -> None:
        document = letter.document
        if letter.line:
            document = read_document(letter.line.encode("utf-8", "surrogateescape"))
        if document is None:
            raise ValueError("there is nothing to put back")
        store.commit_whole(document)

    return letters.put_back(write)
