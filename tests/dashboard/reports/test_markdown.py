import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.reports.markdown import plain, report_markdown
from tierwatch.dashboard.reports.proposal_report import ProposalReport, Section, Table

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)


def report(*sections: Section) -> ProposalReport:
    return ProposalReport(7, "lower the threshold", "open", NOW, "It saves $1.", sections)


def test_a_report_is_headings_paragraphs_and_tables() -> None:
    table = Table(("Figure", "Estimate"), (("rate", "5.0 %"),))
    said = report_markdown(report(Section("Figures", ("Read them.",), table)))
    assert said == (
        "# Proposal 7: lower the threshold\n\n**It saves $1.**\n\n"
        "State: open. Written 2026-11-30 09:00:00 UTC by tierwatch.\n\n"
        "## Figures\n\nRead them.\n\n| Figure | Estimate |\n| --- | --- |\n| rate | 5.0 % |\n"
    )


def test_what_others_wrote_stays_words() -> None:
    hostile = "a | b\n# <script>x</script> [l](javascript:1) `c` **d**"
    table = Table(("Asked",), ((hostile,),))
    lines = report_markdown(report(Section("Examples", (), table))).splitlines()
    assert lines[-1] == (
        r"| a \| b \# \<script\>x\</script\> \[l\](javascript:1) \`c\` \*\*d\*\* |"
    )


@given(st.text(max_size=80))
def test_any_text_is_one_line_without_a_bare_mark(text: str) -> None:
    said = plain(text)
    assert "\n" not in said
    bare = said.replace("\\\\", "")
    for mark in "|<>`*[]#":
        assert all(bare[at - 1] == "\\" for at, one in enumerate(bare) if one == mark and at > 0)
        assert not bare.startswith(mark)


def test_what_would_begin_a_list_does_not() -> None:
    assert [plain(words) for words in ("- x", "+ x", "= x", "12. x", "3) x", "3 x")] == [
        "\\- x",
        "\\+ x",
        "\\= x",
        "12\\. x",
        "3\\) x",
        "3 x",
    ]
