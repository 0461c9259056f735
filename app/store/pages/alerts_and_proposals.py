"""Another name of what the modules beside this one read, until the dashboard asks them."""

from tierwatch.store.evidence.outcomes import newest_judge_version
from tierwatch.store.pages.alerts import Alert, alert, alerts
from tierwatch.store.pages.audit import AuditLine, audit_lines
from tierwatch.store.pages.judge import JudgeVersion, judge_versions
from tierwatch.store.pages.lines import PAGE
from tierwatch.store.pages.overview import (
    LossSums,
    TierTraffic,
    failure_counts,
    loss_sums,
    open_counts,
    tier_traffic,
)
from tierwatch.store.pages.policies import InForce, PolicyLine, in_force, policies, policy
from tierwatch.store.pages.proposals import Proposal, proposal, proposals

__all__ = [
    "PAGE",
    "Alert",
    "AuditLine",
    "InForce",
    "JudgeVersion",
    "LossSums",
    "PolicyLine",
    "Proposal",
    "TierTraffic",
    "alert",
    "alerts",
    "audit_lines",
    "failure_counts",
    "in_force",
    "judge_versions",
    "loss_sums",
    "newest_judge_version",
    "open_counts",
    "policies",
    "policy",
    "proposal",
    "proposals",
    "tier_traffic",
]
