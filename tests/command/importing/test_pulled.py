"""`tierwatch pull`: what is new, once each, and a sentence for what is wrong."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from factories.sources import CONFIG
from fakes.vendor_pages import KEYS, FakeLangfuse, FakeOpenAI, FakeVendor, completion, observation
from sqlalchemy import Engine, text

from tierwatch.command import main
from tierwatch.command.importing import pulled
from tierwatch.command.importing.pulled import run_pull
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import SettingsError, TierwatchError, UsageError
from tierwatch.settings import Settings, read_settings

Run = Callable[..., None]
PULLS = """\
  pulls:
    - {source: chat, kind: openai, key: env:OPENAI_KEY}
    - source: lf
      kind: langfuse
      key: env:LANGFUSE_SECRET_KEY
      public_key: env:LANGFUSE_PUBLIC_KEY
watch:
"""


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG.replace("watch:\n", PULLS))
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        data_dir=tmp_path / "data",
        database_url=engine.url.render_as_string(hide_password=False),
    )


@pytest.fixture
def run(settings: Settings) -> Run:
    def pull(source: str, vendor: FakeVendor, since: str | None = None, **environ: str) -> None:
        run_pull(
            source,
            since,
            settings=settings,
            environ=KEYS | environ,
            dispatch=KeptDispatch(),
            transport=vendor.transport,
        )

    return pull


def said(capsys: Any) -> list[str]:
    """The lines of a person; those of the log, which the command turns down, are none."""
    return [line for line in capsys.readouterr().out.splitlines() if " stored" in line]


def counts(engine: Engine) -> dict[tuple[str, str], int]:
    asked = "select source, what, sum(calls)::int from source_counts group by 1, 2"
    with engine.connect() as connection:
        return {(source, what): n for source, what, n in connection.execute(text(asked))}


def test_what_is_new_is_stored_once(run: Run, engine: Engine, capsys: Any) -> None:
    now = time.time()
    openai = FakeOpenAI(*(completion(n, now - 60 - n) for n in range(3)))
    langfuse = FakeLangfuse(*(observation(n, now - 60 - n) for n in range(4)))
    for _ in range(2):
        run("chat", openai)
        run("lf", langfuse)
    assert counts(engine) == {
        ("chat", "calls"): 3, ("chat", "sampled"): 3, ("lf", "calls"): 4, ("lf", "sampled"): 4,
    }  # fmt: skip
    assert said(capsys) == [
        "chat: 3 stored, 0 stored before",
        "lf: 4 stored, 0 stored before",
        "chat: 0 stored, 0 stored before",
        "lf: 0 stored, 0 stored before",
    ]


def test_read_again_they_count_once(run: Run, engine: Engine, capsys: Any) -> None:
    openai = FakeOpenAI(
        completion(1, time.time() - 60), {"object": "?", "id": "x", "created": time.time()}
    )
    run("chat", openai)
    capsys.readouterr()
    run("chat", openai, "12h")
    assert said(capsys) == ["chat: 0 stored, 1 stored before, 1 bad_line"]
    assert counts(engine)["chat", "calls"] == 1


def test_a_refused_key_is_a_sentence_and_what_came_before_it_is_kept(
    run: Run, engine: Engine, capsys: Any
) -> None:
    openai = FakeOpenAI(*(completion(n, time.time() - 60 - n) for n in range(3)))
    with pytest.raises(TierwatchError, match=r"chat: the key is not accepted \(HTTP 401\)"):
        run("chat", openai, OPENAI_KEY="sk-another")
    assert "another" not in capsys.readouterr().out
    openai.most = 2
    asked = openai.answer
    pages = iter([asked, asked, asked])

    def once(path: str, params: dict[str, str]) -> httpx.Response:
        return next(pages, lambda *_: httpx.Response(403))(path, params)

    openai.answer = once  # type: ignore[method-assign]
    with pytest.raises(TierwatchError, match="what was fetched is kept"):
        run("chat", openai)
    assert said(capsys) == ["chat: 2 stored, 0 stored before"]
    assert counts(engine)["chat", "calls"] == 2


def test_patience_is_taken_where_it_is_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    paused: list[float] = []
    monkeypatch.setattr(pulled.time, "sleep", paused.append)
    openai = FakeOpenAI(completion(1, time.time() - 60))
    openai.told = [httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(502)]
    run("chat", openai)
    assert paused == [7.0, 2.0]
    assert counts(engine)["chat", "calls"] == 1


@pytest.mark.parametrize(
    ("source", "since", "found"),
    [
        ("talk", None, "found 'talk'; accepted a source under intake.pulls: chat, lf"),
        ("chat", "soon", "--since: found 'soon'; accepted a duration above zero"),
        ("chat", "-1h", "--since: found '-1h'"),
    ],
)
def test_wrong_use_is_named(run: Run, source: str, since: str | None, found: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(source, FakeOpenAI(), since)
    assert found in str(raised.value)


def test_a_key_that_is_not_set_is_named(run: Run) -> None:
    with pytest.raises(SettingsError, match="OPENAI_KEY"):
        run("chat", FakeOpenAI(), OPENAI_KEY="")


def test_the_command_says_what_it_takes() -> None:
    shown = " ".join(CliRunner().invoke(main, ["pull", "--help"]).output.split())
    assert "SOURCE" in shown
    assert "--since DURATION" in shown
    assert CliRunner().invoke(main, ["pull"]).exit_code == 2
