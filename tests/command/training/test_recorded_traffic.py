"""Training from a file: lessons of each boundary, models beside each other in a folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from factories.pairs import prompts

from tierwatch.command.training.recorded_traffic import trained_from_file
from tierwatch.errors import TrafficError
from tierwatch.routing.classify.local import LocalClassifier


def write(path: Path, pairs: list[tuple[str, str]], boundary: str = "simple<complex") -> None:
    with path.open("a") as file:
        for number, (text, verdict) in enumerate(pairs):
            answer = {"text": "4", "cost_usd": 0.001}
            line = {
                "id": f"{boundary}{number}", "at_s": number, "session": f"s{number}", "task": "t",
                "messages": [{"role": "user", "content": text}],
                "answers": {"simple": answer, "complex": answer}, "verdicts": {boundary: verdict},
            }  # fmt: skip
            file.write(json.dumps(line) + "\n")


def trained(path: Path, out: Path, **changes: Any) -> dict[str, Any]:
    asked = {"teacher": "none", "limit": 10_000, "said": lambda *_: None} | changes
    found = trained_from_file(path, out, **asked)["boundaries"]
    return {line["boundary"]: line for line in found}


def test_each_boundary_has_a_model_of_its_own_pairs(tmp_path: Path) -> None:
    file, out = tmp_path / "traffic.jsonl", tmp_path / "new" / "models"
    write(file, list(prompts(300)))
    write(file, list(prompts(200, 1)), "standard<complex")
    found = trained(file, out)
    assert {name: line["pairs"] for name, line in found.items()} == {"simple": 300, "standard": 200}
    for name, line in found.items():
        assert line["file"] == str(out / f"{name}.model")
        # What is compared learned three quarters; what is written learned all.
        assert line["learned"] == line["pairs"] * 3 // 4
        assert line["held_out"]["pairs"] == line["pairs"] // 4
        assert LocalClassifier.load(out / f"{name}.model").pairs == line["pairs"]
        assert line["log_loss"]["gain"]["value"] == pytest.approx(
            line["log_loss"]["incumbent"] - line["log_loss"]["candidate"]
        )


def test_the_newest_pairs_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    write(file, list(prompts(400)))
    found = trained(file, tmp_path / "models", limit=100)
    assert found["simple"]["pairs"] == 100
    assert LocalClassifier.load(tmp_path / "models" / "simple.model").pairs == 100


def test_lines_that_teach_nothing_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    file.write_text("no JSON\n")
    write(file, [("What is this?", "unscored"), ("And that?", "no verdict")])
    with pytest.raises(TrafficError, match="found no pair with a verdict; nothing to learn from"):
        trained(file, tmp_path / "models")
    write(file, list(prompts(200)))
    assert trained(file, tmp_path / "models")["simple"]["pairs"] == 200
