"""Every kind of page of a dashboard, found as a person finds it: by its links."""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

# Not linked to, or only sometimes: what is reached by a form, by a mistake, or logged out.
UNLINKED = ("/password", "/sessions", "/search?q=no-such-id", "/nothing")
_ID = re.compile(r"/(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+)(?=/|$)")
# Plain texts, files to keep, and what is for programs.
_NO_PAGE = re.compile(
    r"/(?:api|static|healthz|metrics|login|logout)\b|/text/|/media/|/export\b|\.[a-z]{2,5}$"
)
_LINKS = "all => all.filter(a => !a.hasAttribute('download')).map(a => a.href)"


def kind(path: str) -> str:
    """An address without its ids: ``/pairs/{id}``.

    >>> kind("/pairs/01a22996-0000-7000-8000-0000000000aa"), kind("/alerts/12/label")
    ('/pairs/{id}', '/alerts/{id}/label')
    """
    return _ID.sub("/{id}", path)


def walk(page: Any, *, most: int = 1) -> Iterator[str]:
    """Open each kind of page once or ``most`` times, from where the page is; gives its address.

    The caller sees the page when it gets the address, and may do with it what leaves it there.
    """
    start = urlsplit(page.url)
    home = f"{start.scheme}://{start.netloc}"
    seen: dict[str, int] = {}
    known: set[str] = set()
    due = deque(["/", *UNLINKED])
    while due:
        path = due.popleft()
        of_kind = kind(urlsplit(path).path)
        if path in known or seen.get(of_kind, 0) >= most:
            continue
        known.add(path)
        seen[of_kind] = seen.get(of_kind, 0) + 1
        page.goto(f"{home}{path}")
        # Before the caller has it, who may go elsewhere.
        links = page.locator("main a[href], nav a[href]").evaluate_all(_LINKS)
        yield path
        for link in links:
            parts = urlsplit(link)
            if f"{parts.scheme}://{parts.netloc}" == home and not _NO_PAGE.search(parts.path):
                due.append(parts.path)
