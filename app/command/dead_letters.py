"""What capture could not store: said, shown and put back."""

import datetime as dt

from sqlalchemy import Engine

from tierwatch.command.examine import Finding
from tierwatch.dispatch import Dispatch
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.backlog.folder import spool_files, unread_files
from tierwatch.loop.capture.document import read_document
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.runtime.recorder import dead_letters
from tierwatch.settings import Settings


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
