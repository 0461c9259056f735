"""`tierwatch train` as a person runs it: the command, a real store, the static teacher."""

import os
import random
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from factories.pairs import add_judged
from factories.rows import add_exchange
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.command.launch.processes import without_settings
from tierwatch.loop.decide.reload import current_policies
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.policy import Policy

CONFIG = """\
routing:
  classifier: {kind: local}
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
evaluation: {sample_rate: 1.0, tolerance: 0.3}
"""
# Two kinds of prompt, each with words that pairs were judged about and words that came up later.
KNOWN = {
    "worse": ("theorem", "integral", "lemma", "matrix", "polynomial", "derivative", "topology"),
    "tie": ("kitchen", "garden", "dinner", "holiday", "weather", "shopping", "birthday"),
}
LATER = {
    "worse": ("calculus", "algebra", "equation", "vector", "tensor", "probability", "geometry"),
    "tie": ("restaurant", "flowers", "breakfast", "vacation", "sunshine", "clothes", "wedding"),
}

pytestmark = pytest.mark.skipif(
    find_spec("wordllama") is None, reason="needs the extra train, for the static teacher"
)


def prompts(words: dict[str, tuple[str, ...]], count: int, seed: int) -> list[tuple[str, str]]:
    """Prompts with the verdict of the cheap answer; one in ten verdicts is the other one."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        kind = rng.choice(("worse", "tie"))
        one, other = rng.sample(words[kind], 2)
        text = f"Tell me about the {one} and the {other}, number {number}."
        flipped = {"worse": "tie", "tie": "worse"}[kind]
        found.append((text, kind if rng.random() < 0.9 else flipped))
    return found


def test_the_static_teacher_makes_a_proposal_that_knows_words_nobody_judged(
    engine: Engine, tmp_path: Path
) -> None:
    current_policies(engine=engine, first=Policy(1, {"simple": 0.75}))
    unjudged = prompts(LATER, 300, seed=3)
    with engine.begin() as connection:
        # The newest quarter, which is held out, is about the later words.
        add_judged(connection, prompts(KNOWN, 360, seed=1) + prompts(LATER, 120, seed=2))
        for number, (text, _) in enumerate(unjudged, 1_000):
            add_exchange(connection, number, question=text.replace("Tell", "Ask"), direction="up")
    config = tmp_path / "tierwatch.yaml"
    config.write_text(CONFIG)
    environ = without_settings(os.environ) | {
        "TIERWATCH_CONFIG": str(config),
        "TIERWATCH_DATABASE_URL": engine.url.render_as_string(hide_password=False),
    }

    done = subprocess.run(
        [sys.executable, "-P", "-m", "tierwatch", "train"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    *told, heading, learned, held_out, loss, loss_gain, area, _, end = done.stdout.splitlines()
    # 360 prompts that pairs are about and 300 others; the held-out ones are left out.
    assert told == [f"simple: {66 * tenth} of 660 prompts imitated" for tenth in range(1, 11)]
    assert heading == "simple: 480 pairs"
    # Chosen over the same pairs without it, which know nothing of the later words.
    assert learned == "  learned 360 of them; teacher: static"
    assert held_out == "  on 120 held-out pairs, before -> after"
    (before, after), (coin, ranked) = (
        map(float, re.fullmatch(rf" +{name} +(\S+) -> (\S+)", line).groups())  # type: ignore[union-attr]
        for name, line in (("log loss", loss), ("APGR", area))
    )
    assert after < before - 0.1
    assert ranked > coin + 0.1
    gain, low, high = map(float, re.findall(r"[+-]\d\.\d{4}", loss_gain))
    assert 0 < low < gain < high
    assert gain == pytest.approx(before - after, abs=2e-4)
    (proposal,) = rows(engine, "select * from proposals")
    assert end == f"  proposal {proposal.id} waits for a decision"
    assert (proposal.kind, proposal.tier, proposal.state) == ("model", "simple", "open")
    assert proposal.evidence["candidate_author"] == "tierwatch train, teacher static"
    model = LocalClassifier.from_bytes(scalar(engine, "select artefact from classifier_artefacts"))
    hard, easy = (
        [model.predict(f"Ask me about the {word}.")[0] for word in LATER[kind]]
        for kind in ("worse", "tie")
    )
    assert sum(hard) / len(hard) > sum(easy) / len(easy) + 0.15
