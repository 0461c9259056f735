"""A report as Markdown: what others wrote in it stays words, whatever it looks like."""

import re
from collections.abc import Iterator
from typing import Final

from tierwatch.dashboard.figures import when
from tierwatch.dashboard.reports.proposal_report import ProposalReport, Table

# ASCII punctuation that Markdown or HTML may take for more than itself.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
# At the beginning of a line these would begin a list, a heading or a rule.
_LEADING: Final = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$)")


def report_markdown(report: ProposalReport) -> str:
    """The report, in CommonMark with tables of GitHub's."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: ProposalReport) -> Iterator[str]:
    yield f"# Proposal {report.proposal}: {plain(report.title)}"
    yield ""
    yield f"**{plain(report.summary)}**"
    yield ""
    yield f"State: {plain(report.state)}. Written {when(report.written_at)} by tierwatch."
    for section in report.sections:
        yield ""
        yield f"## {plain(section.heading)}"
        for paragraph in section.paragraphs:
            yield ""
            yield plain(paragraph)
        for diff in section.diffs:
            yield ""
            yield fenced(diff)
        if section.table is not None:
            yield ""
            yield from _table(section.table)


def _table(table: Table) -> Iterator[str]:
    yield _row(table.headings)
    yield _row(("---",) * len(table.headings), escaped=True)
    for row in table.rows:
        yield _row(row)


def _row(cells: tuple[str, ...], *, escaped: bool = False) -> str:
    return f"| {' | '.join(cells if escaped else map(plain, cells))} |"


def fenced(diff: str) -> str:
    r"""A diff as a block of code, whose fence is longer than any within.

    >>> fenced("-a\n+b\n")
    '```diff\n-a\n+b\n```'
    """
    ticks = max((len(run) for run in re.findall(r"`+", diff)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}diff\n{diff.rstrip()}\n{fence}"


def plain(text: str) -> str:
    r"""Text on one line that Markdown shows as it is.

    >>> plain("a | b"), plain("<b>x</b>"), plain("- no\nlist"), plain("1. no")
    ('a \\| b', '\\<b\\>x\\</b\\>', '\\- no list', '1\\. no')
    """
    line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _LEADING.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", line)
