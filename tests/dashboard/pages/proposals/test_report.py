from typing import Any

from factories.rows import add_proposal
from sqlalchemy import Connection


def test_the_report_is_a_page_that_prints_and_two_files(
    connection: Connection, viewer: Any, policy: None
) -> None:
    path = f"/proposals/{add_proposal(connection)}"
    page = viewer.page(f"{path}/report")
    for heading in ("Promise", "Figures", "How to undo it", "Thresholds tested"):
        assert f"<h2>{heading}</h2>" in page
    assert f"{path}/report" in viewer.page(path)
    markdown = viewer.get(f"{path}/report.md")
    assert markdown.content_type == "text/markdown; charset=utf-8"
    assert "attachment" in markdown.headers["Content-Disposition"]
    assert markdown.text.startswith("# Proposal ")
    assert "## How to undo it" in markdown.text
    sent = viewer.get(f"{path}/report.json").json
    assert sent["state"] == "open"
    assert next(one["heading"] for one in sent["sections"]) == "Promise"


def test_a_report_of_nothing_is_a_404(viewer: Any, policy: None) -> None:
    for form in ("report", "report.md", "report.json"):
        assert viewer.get(f"/proposals/77/{form}").status_code == 404
