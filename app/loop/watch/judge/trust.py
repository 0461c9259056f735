"""Trust: weigh the judge by its anchors, and say it once when it may not be believed any more."""

from sqlalchemy import Engine

from tierwatch.evaluation.calibration.trust import LEAST_ACCURACY
from tierwatch.evaluation.evidence.judge_evidence import JudgeTrustEvidence
from tierwatch.loop.compare.trust import JudgeTrust, weigh_judge
from tierwatch.loop.watch.alert import open_alert
from tierwatch.store.alerts import NewAlert
from tierwatch.store.audit import add_audit


def watch_trust(*, engine: Engine, judge_version: str) -> None:
    """Weigh the judge by its newest run over the anchors; alert when it is trusted no more.

    The alert is about the moment: a person who resolves it does not make the judge trusted, and it
    is not opened again while nothing has changed.
    """
    with engine.begin() as connection:
        weighed = weigh_judge(connection, judge_version)
        if weighed is None:
            return
        found, changed = weighed
        if not changed:
            return
        add_audit(
            connection,
            actor="tierwatch",
            action="judge.trusted" if found.trust.trusted else "judge.not_trusted",
            subject=f"judge/{judge_version}",
            right=found.trust.right,
            anchors=found.trust.n,
        )
        if not found.trust.trusted:
            open_alert(connection, _alert(found))


def _alert(found: JudgeTrust) -> NewAlert:
    return NewAlert(
        cause=f"not_trusted:{found.judge_version}",
        tier="",
        segment="judge",
        summary=found.sentence,
        pairs=found.trust.n,
        evidence=JudgeTrustEvidence(
            judge_version=found.judge_version,
            right=found.trust.right,
            anchors=found.trust.n,
            low=found.trust.low,
            high=found.trust.high,
            least=LEAST_ACCURACY,
        ),
    )
