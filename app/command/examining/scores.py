"""Whether verdicts reach the tools in whose traces they belong, as far as Postgres knows."""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.examine import Finding
from tierwatch.config import load_config
from tierwatch.config.outgoing.scores import score_names
from tierwatch.errors import TierwatchError
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine
from tierwatch.store.traced.scores import ScoreLine, score_lines


def score_findings(settings: Settings) -> list[Finding]:
    """A finding for each destination of ``scores``; none where there is none, or no database."""
    try:
        names = score_names(load_config(settings.config).scores)
    except TierwatchError:
        return []  # said of the configuration already
    if not names:
        return []
    engine = build_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            if connection.execute(text("select to_regclass('score_deliveries')")).scalar() is None:
                return []  # said of the schema already
            lines = {line.name: line for line in score_lines(connection)}
    except SQLAlchemyError:
        return []  # said of Postgres already
    finally:
        engine.dispose()
    return [score_finding(name, lines.get(name)) for name in names]


def score_finding(name: str, line: ScoreLine | None) -> Finding:
    """How a destination of scores does.

    >>> score_finding("lf", None).detail
    'nothing has been sent yet'
    """
    what = f"scores, {name}"
    if line is None:
        return Finding(what, ok=True, detail="nothing has been sent yet")
    detail = f"{line.waiting} waiting, {line.failed} failed in 30 days"
    if line.failing_since is None:
        return Finding(what, ok=True, detail=detail)
    since = f"{line.failing_since:%Y-%m-%d %H:%M} UTC"
    detail = f"has not taken anything since {since} ({line.answer}); {detail}"
    return Finding(what, ok=True, warning=True, detail=detail)
