"""The report, filled: every number is read from the store or from other steps of the loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import Connection, text

from tierwatch.config import Config
from tierwatch.evaluation.calibration.trust import LEAST_ACCURACY
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.label_slips import ENOUGH_TWICE
from tierwatch.evaluation.rates.ladder_quality import relative_quality, split_level
from tierwatch.evaluation.rates.saving import relative_saving
from tierwatch.loop.compare.first_judge import configured_first_judge
from tierwatch.loop.compare.second_opinion import second_opinion
from tierwatch.loop.compare.slips import PeopleSlips
from tierwatch.loop.compare.tier_rates import TierRates, tier_rates
from tierwatch.loop.compare.trust import shown_trust
from tierwatch.loop.compare.unscored import unscored_reports
from tierwatch.loop.improve.objective import objective_of, quality_kept
from tierwatch.loop.report.paces import tier_paces
from tierwatch.loop.report.schema import (
    AlertReport,
    Figures,
    FirstJudgeReport,
    LabelsReport,
    ObjectiveReport,
    OpinionReport,
    ProposalReport,
    Report,
    TrustReport,
    figures,
)
from tierwatch.loop.report.tiers import Known, tier_reports
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.costs import BESIDE
from tierwatch.store.judgements.outcomes import JUDGE_VERSION
from tierwatch.store.judgements.own_rules import OwnRules
from tierwatch.store.reading.one_row import Part, Parts, read_parts
from tierwatch.store.sums.hours import TierSums
from tierwatch.store.sums.served import Served, served
from tierwatch.store.sums.week_loads import SAMPLED_WEEK
from tierwatch.store.traffic.outside_counts import COUNTED, ReasonCount, outside_of

RECORDED: Final = Part(
    ("(select sum(score_sum) / nullif(sum(scored), 0) from replays)",),
    lambda mean: None if mean is None else float(mean),
)
# What of a report is one row each.
BASIS: Final = (JUDGE_VERSION, BESIDE, RECORDED, COUNTED, SAMPLED_WEEK)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a report rests on, all of one moment, and what pages show beside it.

    Attributes:
        parts: `BASIS`.
        served: all traffic.
        rules: all policies, and which are active.
        rates: by the judge that spoke last.
    """

    parts: Parts
    served: Served
    rules: OwnRules
    rates: TierRates

    @property
    def active(self) -> ActivePolicies | None:
        """The active policies; None before the first."""
        return self.rules.active_policies()

    @property
    def judge_version(self) -> str:
        """That spoke last; empty before the first verdict."""
        return self.parts[JUDGE_VERSION]


def read_basis(connection: Connection, config: Config) -> Basis:
    """What a report rests on now."""
    parts = read_parts(connection, *BASIS)
    rates = tier_rates(connection, parts[JUDGE_VERSION], config.tiers[-1].name)
    return Basis(parts, served(connection), OwnRules(connection), rates)


def build_report(connection: Connection, config: Config) -> Report:
    """Return the report; every number is read in the caller's one snapshot.

    Args:
        connection: in a repeatable-read transaction for figures of one moment.
        config: names the tiers and their tolerance.
    """
    basis = read_basis(connection, config)
    figures_now = build_figures(connection, config, basis)
    return {
        **figures_now,
        "trust": _trust(connection),
        "first_judge": _first_judge(connection, config),
        "labels": _labels(basis.rates.people),
        "second_opinion": _second_opinion(
            connection, basis.judge_version, figures_now["requests"], basis.parts[COUNTED]
        ),
        "alerts": _alerts(connection),
        "proposals": _proposals(connection),
    }


def build_figures(connection: Connection, config: Config, basis: Basis) -> Figures:
    """The figures of the report, which pages show too: so the two cannot differ.

    Args:
        connection: as for `build_report`.
        config: names the tiers and their tolerance.
        basis: of the same snapshot.
    """
    traffic, rates = basis.served.tiers, basis.rates
    active, judge = basis.active, basis.judge_version
    total = sum(traffic.values(), TierSums())
    shadowed = total.judged + total.unscored
    evaluation = config.evaluation
    top = total.cost_top_tier_usd
    quality, corrected = _quality(config, rates, traffic)
    known = Known(rates, traffic, basis.rules, judge, evaluation.min_pairs)
    tiers = tier_reports(connection, config, active, known)
    spent = basis.parts[BESIDE]
    costs = Costs(
        serving_usd=total.cost_usd,
        classifier_usd=total.classifier_cost_usd,
        shadow_usd=total.shadow_usd + spent.shadow_usd,
        judge_usd=total.judge_usd + spent.judge_usd,
        checks_usd=spent.checks_usd,
    )
    return {
        "pace": tier_paces(
            connection,
            config,
            {name: tier["misroute"] for name, tier in tiers.items()},
            basis.parts[SAMPLED_WEEK],
        ),
        "requests": total.requests,
        "captured": total.sampled,
        "shadowed": shadowed,
        "judged": total.judged,
        "unscored": total.unscored,
        "unscored_tasks": unscored_reports(connection, judge, min_pairs=evaluation.min_pairs),
        "failed": total.failed,
        "dropped": total.dropped,
        "pending": total.sampled - shadowed - total.failed - total.dropped,
        "cost_usd": costs.serving_usd,
        "cost_top_tier_usd": top,
        "saving": costs.saving(top),
        "saving_net_of_evaluation": costs.saving_net_of_evaluation(top),
        "costs": {
            "serving_usd": costs.serving_usd,
            "classifier_usd": costs.classifier_usd,
            "shadow_usd": costs.shadow_usd,
            "judge_usd": costs.judge_usd,
            "checks_usd": costs.checks_usd,
            "unpriced": list(config.unpriced),
        },
        "saving_interval": figures(relative_saving(basis.served.costs, basis.served.tops)),
        "quality_vs_top": figures(quality),
        "quality_vs_top_corrected": None if corrected is None else figures(corrected),
        "objective": _objective(connection, config, active, judge),
        "evaluation_cost_usd": costs.evaluation_usd,
        "recorded_quality": basis.parts[RECORDED],
        "outside": outside_of(basis.parts[COUNTED], total.requests, total.eligible).figures,
        "tiers": tiers,
        "policy_version": None if active is None else active.stable.version,
        "thresholds": {} if active is None else dict(active.stable.thresholds),
        "model_version": None if active is None else active.stable.classifier,
    }


def _trust(connection: Connection) -> TrustReport | None:
    found = shown_trust(connection)
    if found is None:
        return None
    return {
        "judge_version": found.judge_version,
        "trusted": found.trust.trusted,
        "right": found.trust.right,
        "anchors": found.trust.n,
        "low": found.trust.low,
        "high": found.trust.high,
        "least": LEAST_ACCURACY,
        "sentence": found.sentence,
    }


def _labels(found: PeopleSlips) -> LabelsReport:
    return {
        "drawn": found.drawn,
        "twice": found.counts.twice,
        "needed": ENOUGH_TWICE,
        "disagreed": found.counts.disagreed,
        "slips": figures(found.counts.rate()),
        "same_word": figures(found.same_word),
        "measured": found.measured,
        "sentence": found.sentence,
    }


def _second_opinion(
    connection: Connection, judge_version: str, requests: int, counted: Sequence[ReasonCount]
) -> list[OpinionReport]:
    return [
        {
            "kind": one.kind,
            "what": one.what,
            "known": one.known,
            "said": one.said,
            "correlation": figures(one.correlation),
        }
        for one in second_opinion(connection, judge_version, requests, counted)
    ]


def _first_judge(connection: Connection, config: Config) -> FirstJudgeReport | None:
    kept = configured_first_judge(connection, config.evaluation.judge)
    if kept is None:
        return None
    found = kept.found
    return {
        "together": kept.together,
        "alone": kept.alone,
        "asked_first": found.stands,
        "anchors": found.n,
        "accuracy": found.together_right / max(found.n, 1),
        "accuracy_alone": found.strong_right / max(found.n, 1),
        "given_up_at_most": found.most,
        "strong_share": kept.strong_share,
        "usd_per_verdict": kept.usd,
        "usd_per_verdict_alone": kept.alone_usd,
        "sentence": kept.sentence,
    }


def _objective(
    connection: Connection, config: Config, active: ActivePolicies | None, judge_version: str
) -> ObjectiveReport | None:
    """What is to be kept of the top tier's quality, and what is; None without an objective."""
    objective = objective_of(config)
    if objective is None:
        return None
    kept = (
        unknown()
        if active is None
        else quality_kept(connection, objective, active.stable, judge_version=judge_version)
    )
    return {"quality": objective.quality, "top": objective.top, "kept": figures(kept)}


def _quality(
    config: Config, by_tier: TierRates, traffic: Mapping[str, TierSums]
) -> tuple[Estimate, Estimate | None]:
    """Share of requests answered no worse than by the top tier, at least.

    By the judge's rates, and by corrected ones where every tier has one. Direct comparisons with
    the top tier are the judge's alone.
    """
    served = {tier: sums.requests for tier, sums in traffic.items() if sums.requests}
    ladder = [tier.name for tier in config.tiers]
    if CACHE_TIER in served and CACHE_TIER not in ladder:
        # As if every cached answer had been the cheapest tier's: at least this good.
        ladder.insert(0, CACHE_TIER)
    level = split_level(0.95, len(ladder) - 1)
    rates = [by_tier.misroute(tier, level=level) for tier in ladder[:-1]]
    requests = [float(served.get(tier, 0)) for tier in ladder]
    direct = {
        place: by_tier.direct_rate(tier, level=level)
        for place, tier in enumerate(ladder[:-2])
        if tier != CACHE_TIER
    }
    corrected = [rate.corrected for rate in rates if rate.corrected is not None]
    return (
        relative_quality(requests, [rate.judged for rate in rates], direct),
        relative_quality(requests, corrected) if rates and len(corrected) == len(rates) else None,
    )


def _alerts(connection: Connection) -> list[AlertReport]:
    found = connection.execute(
        text(
            "select id, kind, segment, tier, opened_at_request, pairs, cause, state, summary,"
            " attribution->>'cause' as attribution, attribution->>'sentence' as why"
            " from alerts order by id"
        )
    )
    # Columns are named as the keys are; a test compares them.
    return cast("list[AlertReport]", [dict(row) for row in found.mappings()])


def _proposals(connection: Connection) -> list[ProposalReport]:
    found = connection.execute(
        text(
            'select id, kind, tier, task_type, from_threshold as "from", to_threshold as "to",'
            " direction, state, certified, pairs, predicted, candidate_version,"
            " case when evidence ? 'objective' then evidence ->> 'reason' end as objective"
            " from proposals order by id"
        )
    )
    return cast("list[ProposalReport]", [dict(row) for row in found.mappings()])
