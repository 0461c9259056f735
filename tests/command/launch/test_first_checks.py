"""The first anchors and probes: what they take is said before, and a person may say no."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest
from sqlalchemy import Engine, text

from tierwatch import evalsets
from tierwatch.command.launch import first_checks
from tierwatch.command.launch.first_checks import Asked, Consent, check_lines, settled_checks
from tierwatch.settings import Settings, read_settings

CONFIG = """
routing:
  tiers:
    simple: {model: small-1, cost: 1}
    complex: {model: large-1, cost: 20}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation:
  budget_usd_per_day: 25
  judge: {model: strong, provider: lab, cost: 8, orders: both%s}
"""
NO_PRICE = "judge: {model: strong-of-nobody, provider: lab}"


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Callable[..., Settings]:
    def written(more: str = "", *, config: str = CONFIG) -> Settings:
        (tmp_path / "tierwatch.yaml").write_text(config % more if "%s" in config else config)
        return replace(
            read_settings({}),
            config=tmp_path / "tierwatch.yaml",
            database_url=engine.url.render_as_string(hide_password=False),
        )

    return written


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """A person who answers so; ``nobody`` is not asked."""

    def given(said: str) -> list[str]:
        asked: list[str] = []

        def confirm(question: str, **_: object) -> bool:
            asked.append(question)
            assert said != "nobody", "nobody was to be asked"
            return said == "yes"

        monkeypatch.setattr(click, "confirm", confirm)
        return asked

    return given


def settle(settings: Settings, consent: Consent = "ask", *, terminal: bool = True) -> Settings:
    return settled_checks(settings, consent, environ={}, terminal=terminal)


def test_a_yes_starts_with_what_was_set(
    settings: Callable[..., Settings],
    answer: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked, given = answer("yes"), settings()
    assert settle(given) == given
    assert asked == ["ask them now?"]
    said = capsys.readouterr().out.splitlines()
    anchors, probes = len(evalsets.anchors().items), len(evalsets.probes().items)
    assert said[1].startswith(
        f"  judge strong: {anchors} anchors, up to {2 * anchors} calls, about $"
    )
    assert said[2].startswith(
        f"  simple small-1: {probes} probes, up to {2 * probes} calls, about $"
    )
    usd = [float(line.split("about $")[1].split(";")[0]) for line in said[1:]]
    assert usd[2] == pytest.approx(20 * usd[1], abs=0.2)
    assert usd[3] == pytest.approx(sum(usd[:3]), abs=0.02)
    assert said[4].startswith(f"  total up to {2 * anchors + 4 * probes:,} calls")
    assert said[4].endswith("evaluation.budget_usd_per_day is $25.00")


def test_a_no_holds_both_until_the_next_start(
    settings: Callable[..., Settings],
    answer: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer("no")
    found = settle(settings())
    assert (found.anchors_every_s, found.probes_every_s) == (0, 0)
    assert "not asked until the next start" in capsys.readouterr().out


@pytest.mark.parametrize(("consent", "terminal"), [("ask", False), ("yes", True), ("yes", False)])
def test_without_a_person_it_says_what_it_does_and_how_to_hold_it(
    settings: Callable[..., Settings],
    answer: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
    *,
    consent: Consent,
    terminal: bool,
) -> None:
    answer("nobody")
    given = settings()
    assert settle(given, consent, terminal=terminal) == given
    said = capsys.readouterr().out
    assert "calls, about $" in said
    assert "asking them now; TIERWATCH_ANCHORS_EVERY_S=off and TIERWATCH_PROBES_EVERY_S=off" in said


def test_hold_asks_nobody(
    settings: Callable[..., Settings], answer: Callable[[str], list[str]]
) -> None:
    answer("nobody")
    assert settle(settings(), "hold").probes_every_s == 0


def test_what_was_asked_whole_or_is_off_is_not_asked_about(
    settings: Callable[..., Settings],
    answer: Callable[[str], list[str]],
    engine: Engine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer("nobody")
    off = replace(settings(), anchors_every_s=0.0, probes_every_s=0.0)
    assert settle(off) == off
    runs = text(
        "insert into evalset_runs (kind, subject, model, set_version, why, until, ended_at)"
        " values (:kind, :subject, :model, :set_version, 'test', now(), now())"
    )
    judge = "pairwise/v2/strong"
    with engine.begin() as connection:
        for kind, subject, model, version in (
            ("anchors", judge, judge, evalsets.anchors().version),
            ("probes", "simple", "small-1", evalsets.probes().version),
            ("probes", "complex", "large-1", evalsets.probes().version),
        ):
            connection.execute(
                runs, {"kind": kind, "subject": subject, "model": model, "set_version": version}
            )
    given = settings()
    assert settle(given) == given
    assert capsys.readouterr().out == ""


def test_a_first_judge_is_asked_too_and_a_reference_takes_one_call_more(
    settings: Callable[..., Settings], answer: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    answer("yes")
    settle(settings(", prompt: reference, first: {model: cheap, provider: lab, cost: 1}"))
    said = capsys.readouterr().out.splitlines()
    anchors = len(evalsets.anchors().items)
    assert f"judge strong: {anchors} anchors, up to {3 * anchors:,} calls" in said[1]
    assert f"first judge cheap: {anchors} anchors, and strong where it cannot say" in said[2]
    assert f"up to {5 * anchors:,} calls" in said[2]


def test_a_price_that_nobody_knows_is_said_so(
    settings: Callable[..., Settings], answer: Callable[[str], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    answer("yes")
    config = (CONFIG % "").replace("cost: 8, ", "").replace("strong", "strong-of-nobody")
    settle(settings(config=config))
    said = capsys.readouterr().out.splitlines()
    assert "at a price that is not known" in said[1]
    assert "and what has no known price; afterwards" in said[4]


@pytest.mark.parametrize(
    ("usd", "budget", "said"),
    [
        ([1.0, 0.5], None, "calls, about $1.50; afterwards"),
        ([1.0, None], 3.0, "about $1.00 and what has no known price; afterwards"),
        ([None], None, "calls, at a price that is not known; afterwards"),
    ],
)
def test_the_total(usd: list[float | None], budget: float | None, said: str) -> None:
    found = [Asked(f"judge {n}", "2 anchors", 1_000, one) for n, one in enumerate(usd)]
    last = check_lines(found, budget)[-1]
    assert said in last
    assert f"{1_000 * len(usd):,} calls" in last
    wanted = "no daily limit is set" if budget is None else "budget_usd_per_day is $3.00"
    assert wanted in last


def test_whether_a_person_can_answer_is_seen_from_both_ends(
    settings: Callable[..., Settings], answer: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    class Terminal:
        def isatty(self) -> bool:
            return True

    answer("nobody")
    given = settings()
    # Standard output is caught here: no terminal.
    monkeypatch.setattr(first_checks.sys, "stdin", Terminal())
    assert settled_checks(given, "ask", environ={}) == given
