"""Train: fit each boundary's classifier anew to the stored pairs, with a teacher; propose it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from tierwatch.errors import ArtefactError, ConflictError, UsageError
from tierwatch.loop.improve.conclude import Contest, conclude, models_above
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.trial import Trial
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.store.learned.artefacts import add_artefact, artefact_at, load_artefact
from tierwatch.store.learned.judged_pairs import (
    JudgedPair,
    judged_pairs,
    newest_position,
    unjudged_texts,
)
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.training.distil import Fitted, Lessons, fit_best
from tierwatch.training.unfamiliar import called_unfamiliar

# The newest quarter is what candidate and incumbent are compared on.
_HELD_OUT = 4
_FEWEST_PAIRS = 160
_MOST_PROMPTS = 20_000
# With and without the teacher: the held-out pairs choose one of two.
_CANDIDATES = 2

Said = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Training:
    """What became of a boundary.

    Attributes:
        boundary: the lower tier.
        pairs: that have verdict and text.
        learned: of these, what the candidate learned.
        teacher: who taught it; ``none`` where the pairs alone did better.
        trial: candidate against the active model; None with too few pairs.
        proposal_id: None when nothing was proposed.
        why: why not; empty when it was.
        unfamiliar: share of the held-out prompts that it would send up as unlike anything judged;
            None where it cannot tell.
    """

    boundary: str
    pairs: int
    learned: int = 0
    teacher: str = ""
    trial: Trial | None = None
    proposal_id: int | None = None
    why: str = ""
    unfamiliar: float | None = None


def train(
    *,
    engine: Engine,
    rules: RefitRules,
    base_rate: float,
    teacher: str,
    limit: int,
    said: Said,
    unfamiliar_share: float = 0.0,
) -> list[Training]:
    """Fit to the oldest three quarters of the pairs, compare on the newest, propose what is better.

    Fitting holds no transaction. The comparison spends its part of delta as a scheduled one does.

    Args:
        engine: Postgres.
        rules: how models are proposed.
        base_rate: as in `loop.improve.learn.LearnRules`.
        teacher: ``static``, ``words`` or ``none``.
        limit: pairs of a boundary at most, the newest.
        said: called with the boundary, and how many of how many prompts were imitated.
        unfamiliar_share: the configured one.

    Raises:
        UsageError: no classifier of kind local is configured, or the extra ``train`` is missing.
    """
    if not rules.configured:
        raise UsageError(
            "routing.classifier.kind: found another kind; training needs local"
            " (or a file of recorded traffic: --from FILE --out DIR)"
        )
    return [
        _train_boundary(engine, boundary, rules, base_rate, teacher, limit, said, unfamiliar_share)
        for boundary in rules.configured
    ]


def _train_boundary(  # noqa: PLR0917 - of this module
    engine: Engine,
    boundary: str,
    rules: RefitRules,
    base_rate: float,
    teacher: str,
    limit: int,
    said: Said,
    unfamiliar_share: float,
) -> Training:
    with engine.connect() as connection:
        stored = judged_pairs(
            connection,
            boundary,
            judge_version=rules.judge_version,
            after=0,
            until=newest_position(connection),
            limit=limit,
            newest=True,
        )
        prompts = unjudged_texts(connection, limit=_MOST_PROMPTS)
    pairs = [pair for pair in stored if pair.text is not None]
    if len(pairs) < _FEWEST_PAIRS:
        return Training(boundary, len(pairs), why=f"{_FEWEST_PAIRS} pairs are needed")
    cut = len(pairs) - len(pairs) // _HELD_OUT
    lessons = _lessons(pairs, base_rate)
    learned, held_out = lessons.first(cut), lessons.after(cut)
    unseen = set(held_out.texts)
    fitted = fit_best(
        learned,
        held_out,
        [prompt for prompt in prompts if prompt not in unseen],
        teacher=teacher,
        said=lambda done, of: said(boundary, done, of),
    )
    begun = {pair.session for pair in pairs[:cut]}
    later = [pair for pair in pairs[cut:] if pair.session not in begun]
    found = _propose(engine, boundary, rules, pairs[:cut], later, fitted, len(pairs))
    unfamiliar = called_unfamiliar(fitted.classifier, held_out.texts, unfamiliar_share)
    return replace(found, unfamiliar=unfamiliar)


def _propose(  # noqa: PLR0917 - of this module
    engine: Engine,
    boundary: str,
    rules: RefitRules,
    learned: Sequence[JudgedPair],
    later: Sequence[JudgedPair],
    fitted: Fitted,
    pairs: int,
) -> Training:
    with engine.begin() as connection:
        lock_active(connection)
        active = active_policies(connection)
        if active is None:
            raise ConflictError("no policy is active yet: start a gateway once")
        incumbent_id = artefact_at(connection, active.stable.classifier, boundary)
        incumbent = load_artefact(connection, incumbent_id) if incumbent_id else None
        # What the active model has learned since is no test for it.
        held_out = [
            pair for pair in later if incumbent is None or pair.position > incumbent.position
        ]
        candidate_id = add_artefact(
            connection,
            boundary,
            artefact=fitted.classifier.to_bytes(),
            pairs=fitted.classifier.pairs,
            position=learned[-1].position,
            author=f"tierwatch train, teacher {fitted.teacher}",
        )
        candidate = load_artefact(connection, candidate_id)
        if candidate is None:
            raise ArtefactError(f"artefact {candidate_id} is not in the database")
        contest = Contest(
            boundary,
            active.stable,
            candidate,
            fitted.classifier,
            rules.configured[boundary]
            if incumbent is None
            else LocalClassifier.from_bytes(incumbent.artefact),
            models_above(connection, boundary, active.stable.classifier, rules),
            held_out,
        )
        trial, made = conclude(connection, contest, rules=rules, tried=_CANDIDATES)
    why = ""
    if made is None:
        why = (
            "a proposal for this tier waits for a decision"
            if trial.worth_proposing
            else "not shown to be better"
        )
    return Training(
        boundary,
        pairs,
        learned=fitted.classifier.pairs,
        teacher=fitted.teacher,
        trial=trial,
        proposal_id=None if made is None else made.id,
        why=why,
    )


def _lessons(pairs: Sequence[JudgedPair], base_rate: float) -> Lessons:
    return Lessons(
        [pair.text or "" for pair in pairs],
        [pair.verdict for pair in pairs],
        [base_rate / pair.pi for pair in pairs],
        [pair.session for pair in pairs],
    )
