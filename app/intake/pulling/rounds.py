"""A round of one pull: what is new since the last one, page by page, each kept before the next."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TypeAlias

import httpx

from tierwatch.config.watch import PullConfig
from tierwatch.intake.calls import Readings, together
from tierwatch.intake.files.kinds import FILE_KINDS
from tierwatch.intake.files.lines import read_lines
from tierwatch.intake.pulling.asking import Api, PullError
from tierwatch.intake.pulling.pages import Walk
from tierwatch.intake.pulling.place import PullPlace, PullPlaceFile
from tierwatch.intake.pulling.vendors import VENDORS
from tierwatch.wire.json_bytes import write_json

FOLDER: Final = "pulls"
# Lines of records of a page, in UTF-8. Returns when they are kept for good, and raises PullError,
# or DatabaseError, where they are not: then they are read again.
Take: TypeAlias = Callable[[Sequence[bytes]], None]


class Pull:
    """A pull of the configuration with its key and its place. Used by one thread.

    Args:
        config: of it.
        environ: where its keys are found.
        data_dir: its place is kept there.
        transport: carries the requests; None for the network.

    Raises:
        SettingsError: a key's variable is not set.
    """

    def __init__(
        self,
        config: PullConfig,
        environ: Mapping[str, str],
        data_dir: Path,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.config = config
        self._vendor = VENDORS[config.kind]
        self._url = config.base_url or self._vendor.base_url
        public_key = config.public_key.reveal(environ) if config.public_key else ""
        self._authorization = self._vendor.authorization(config.key.reveal(environ), public_key)
        self._file = PullPlaceFile(data_dir / FOLDER, config.source, config.kind, self._url)
        self._transport = transport

    def begun_again(self, since_s: float) -> Self:
        """Forget the place: the next round begins so many seconds ago.

        Raises:
            OSError: that could not be written.
        """
        self._file.keep(PullPlace(time.time() - since_s))
        return self

    def round(self, take: Take, *, pause: Callable[[float], bool]) -> int:
        """Take what is new.

        Args:
            take: keeps the records of a page for good.
            pause: waits so many seconds; True when it is to end.

        Returns:
            How many records were taken.

        Raises:
            PullError: it ends before all was read; the next one goes on behind the last page.
        """
        now = time.time()
        place = self._file.read() or PullPlace(now - self.config.since_s)
        walk = Walk(place, now, self.config.overlap_s)
        headers = {"authorization": self._authorization}
        taken = 0
        with Api(self._url, headers, pause=pause, transport=self._transport) as api:
            for page in self._vendor.pages(api, walk):
                if page.records:
                    take([write_json(one) + b"\n" for one in page.records])
                    taken += len(page.records)
                self._keep(page.after)
        return taken

    def _keep(self, place: PullPlace) -> None:
        try:
            self._file.keep(place)
        except OSError as problem:
            raise PullError(
                f"{problem.filename or FOLDER}: {problem.strerror or problem}"
            ) from problem


def readings_of(kind: str, lines: Sequence[bytes], now: float) -> Readings:
    """What records say: as lines of the vendor's export do. A bad one is counted."""
    reader = FILE_KINDS[kind]
    found = read_lines(lines, reader.begin(now), reader.accepted)
    return together([one.readings for one in found])
