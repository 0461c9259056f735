"""Train from the judged pairs of the store, and propose what is shown to be better."""

from collections.abc import Callable
from typing import Any

from tierwatch.command.database import opened_database
from tierwatch.config import load_config
from tierwatch.loop.improve.conclude import trial_document
from tierwatch.loop.improve.train import Training, train
from tierwatch.runtime.rules import refit_rules
from tierwatch.settings import Settings
from tierwatch.store.judgements.outcomes import newest_judge_version


def trained_from_store(
    settings: Settings, *, teacher: str, limit: int, said: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Train each boundary of the configuration from its newest ``limit`` pairs.

    Raises:
        ConfigError: the configuration is not accepted.
        UsageError: another kind of classifier, or the extra is missing.
        DatabaseError: Postgres cannot be used.
    """
    config = load_config(settings.config)
    with opened_database(settings.database_url) as engine:
        with engine.connect() as connection:
            judge = newest_judge_version(connection)
        trained = train(
            engine=engine,
            rules=refit_rules(config, judge_version=judge or ""),
            base_rate=config.evaluation.sample_rate or 1.0,
            teacher=teacher,
            limit=limit,
            said=said,
            unfamiliar_share=config.classifier.unfamiliar_share,
        )
    at_most = {"unfamiliar_at_most": config.classifier.unfamiliar_share}
    return {"boundaries": [_stored(one) | at_most for one in trained]}


def _stored(training: Training) -> dict[str, Any]:
    return {
        "boundary": training.boundary,
        "pairs": training.pairs,
        "learned": training.learned,
        "teacher": training.teacher,
        "unfamiliar": training.unfamiliar,
        "proposal": training.proposal_id,
        "why": training.why,
    } | ({} if training.trial is None else trial_document(training.trial))
