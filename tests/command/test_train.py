"""`tierwatch train`: from the store to a proposal, from a file to artefacts."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from factories.pairs import add_judged, prompts
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.loop.decide.reload import current_policies
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.policy import Policy

CONFIG = """\
routing:
  classifier: {kind: local}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
evaluation: {sample_rate: 1.0, tolerance: 0.3}
"""


@pytest.fixture
def run(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command against this test's database."""
    config = tmp_path / "tierwatch.yaml"
    config.write_text(CONFIG)
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(config))
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)

    def invoke(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["train", "--teacher", "words", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    return invoke


def add(engine: Engine, count: int) -> None:
    current_policies(engine=engine, first=Policy(1, {"simple": 0.75, "standard": 0.75}))
    with engine.begin() as connection:
        add_judged(connection, list(prompts(count)))


def test_stored_pairs_become_a_proposal_with_before_and_after(engine: Engine, run: Any) -> None:
    add(engine, 800)
    said = run()
    assert "simple: 800 pairs" in said
    assert "on 200 held-out pairs, before -> after" in said
    assert "prompts imitated" in said
    (proposal,) = rows(engine, "select * from proposals")
    assert f"proposal {proposal.id} waits for a decision" in said
    assert (proposal.kind, proposal.tier, proposal.state) == ("model", "simple", "open")
    assert proposal.evidence["candidate_author"].startswith("tierwatch train, teacher ")
    assert proposal.evidence["first_position"] == 601
    artefact = scalar(engine, "select artefact from classifier_artefacts")
    assert LocalClassifier.from_bytes(artefact).pairs == 600
    assert "standard: 0 pairs\n  not trained: 160 pairs are needed" in said


def test_it_can_be_read_by_a_program_and_spends_delta_each_time(engine: Engine, run: Any) -> None:
    add(engine, 400)
    first = json.loads(run("--json"))["boundaries"][0]
    assert first["log_loss"]["gain"]["value"] > 0
    again = json.loads(run("--json"))["boundaries"][0]
    assert again["proposal"] is None
    assert again["why"] == "a proposal for this tier waits for a decision"
    assert scalar(engine, "select count(*) from refits") == 2
    # Of delta .05 the first test spends a half and the second a sixth, shared by two candidates.
    assert "each end at 0.013" in first["log_loss"]["gain"]["method"]
    assert "each end at 0.0042" in again["log_loss"]["gain"]["method"]


def test_another_kind_of_classifier_is_told_so(engine: Engine, run: Any, tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG.replace("kind: local", "kind: heuristic"))
    assert "training needs local" in run(code=2)


def write_traffic(path: Path, count: int) -> None:
    with path.open("w") as file:
        for number, (text, verdict) in enumerate(prompts(count)):
            answer = {"text": "4", "cost_usd": 0.001}
            line = {
                "id": str(number),
                "at_s": number,
                "session": f"s{number}",
                "task": "t",
                "messages": [{"role": "user", "content": text}],
                "answers": {"simple": answer, "complex": answer},
                "verdicts": {"simple<complex": verdict},
            }
            file.write(json.dumps(line) + "\n")
        file.write("not a line\n")


def test_a_file_becomes_artefacts_without_a_database(run: Any, tmp_path: Path) -> None:
    write_traffic(tmp_path / "traffic.jsonl", 400)
    out = tmp_path / "models"
    said = run("--from", str(tmp_path / "traffic.jsonl"), "--out", str(out), "--json")
    (line,) = json.loads(said)["boundaries"]
    assert line["log_loss"]["candidate"] < line["log_loss"]["incumbent"]
    assert line["held_out"]["pairs"] == 100
    assert 0 <= line["unfamiliar"] <= 0.1
    assert line["unfamiliar_at_most"] == 0.02
    saved = LocalClassifier.load(out / "simple.model")
    assert (saved.pairs, line["learned"]) == (400, 300)


def test_a_file_without_verdicts_and_half_the_options_are_refused(run: Any, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("nothing\n")
    assert "nothing to learn from" in run("--from", str(empty), "--out", str(tmp_path), code=1)
    assert "go together" in run("--from", str(empty), code=2)
