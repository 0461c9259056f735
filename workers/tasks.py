"""One line a task: find the runtime, call one function of the loop."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from tierwatch import dispatch, evalsets
from tierwatch.evaluation.types.grouping import installed_leiden
from tierwatch.loop.capture import retention, sweep
from tierwatch.loop.compare import follow_ups, judge, shadow
from tierwatch.loop.decide import drain, rollout
from tierwatch.loop.decide.foreign import follow
from tierwatch.loop.improve import learn, refit, retune
from tierwatch.loop.improve import rebuild_types as types
from tierwatch.loop.improve.replace import try_pairs
from tierwatch.loop.notify import deliver, heartbeat, send_change
from tierwatch.loop.scores import deliver as score_delivery
from tierwatch.loop.watch import bursts, find_cause, observe, resolve, silence, traffic
from tierwatch.loop.watch.checks import anchors, probes
from tierwatch.loop.watch.judge import first_judge, trust
from tierwatch_workers.process import listener, runtime
from tierwatch_workers.steps import step
from tierwatch_workers.stops import is_stopping


@step(dispatch.SHADOW)
def shadow_exchange(exchange_ids: str | list[str]) -> None:
    """Answer an exchange again on its alternative tier; hand several on, to whoever is free."""
    at = runtime()
    several = [exchange_ids] if isinstance(exchange_ids, str) else exchange_ids
    if len(several) > 1:
        # With the broker away the rest is left to the sweep.
        all(at.dispatch.shadow_exchange(UUID(one)) for one in several)
        return
    shadow.shadow_exchange(
        UUID(several[0]),
        engine=at.engine,
        client=at.client,
        tiers=at.tiers,
        dispatch=at.dispatch,
        redact=at.redact,
        sealer=at.sealer,
        hold_s=at.settings.claim_s,
        listener=listener(),
    )


@step(dispatch.JUDGE)
def judge_exchange(exchange_id: str) -> None:
    """Have a pair compared."""
    at = runtime()
    judge.judge_exchange(
        UUID(exchange_id),
        engine=at.engine,
        judge=at.judge_now,
        dispatch=at.dispatch,
        hold_s=at.settings.claim_s,
        places=at.score_places,
        listener=listener(),
    )


@step(dispatch.OBSERVE)
def observe_outcomes() -> None:
    """Feed new outcomes to the monitors."""
    at = runtime()
    observe.observe(engine=at.engine, rules=at.monitor_rules)
    bursts.steer_bursts(engine=at.engine, rules=at.burst_rules, now=dt.datetime.now(dt.UTC))


@step(dispatch.DELIVER)
def deliver_alerts() -> None:
    """Notify people of what alerts have become, and ask for an approved change of a router."""
    at = runtime()
    deliver.deliver_alerts(engine=at.engine, destinations=at.destinations, rules=at.notify_rules)
    send_change.send_change(engine=at.engine, hook=at.change_hook)


@step(dispatch.DELIVER_SCORES)
def deliver_scores() -> None:
    """Send scores back to whose traces they are of."""
    at = runtime()
    score_delivery.deliver_scores(
        engine=at.engine, destinations=at.score_destinations, site=at.notify_rules.site
    )


@step(dispatch.WATCH_SILENCE)
def watch_silence() -> None:
    """Say what has stopped and what is over, and to who listens outside that all runs."""
    at, now = runtime(), dt.datetime.now(dt.UTC)
    silence.watch_silence(engine=at.engine, rules=at.silence_rules, now=now)
    judge_version = at.judge_now.version
    trust.watch_trust(engine=at.engine, judge_version=judge_version)
    present = resolve.Present(
        judge_version=judge_version,
        models={name: tier.variant for name, tier in at.served_tiers().items()},
        max_weight=at.monitor_rules.max_weight,
    )
    resolve.resolve_over(engine=at.engine, present=present, now=now)
    heartbeat.send_heartbeat(engine=at.engine, heartbeat=at.heartbeat, now=now)


@step(dispatch.SWEEP)
def sweep_rows() -> None:
    """Send again what lost its message, and read on what users did after their answers."""
    at = runtime()
    sweep.sweep(
        engine=at.engine,
        dispatch=at.dispatch,
        older_than_s=at.settings.sweep_after_s,
        hold_s=at.settings.claim_s,
    )
    follow_ups.read_follow_ups(engine=at.engine, now=dt.datetime.now(dt.UTC))


@step(dispatch.RETUNE)
def retune_thresholds() -> None:
    """Look for better thresholds."""
    at = runtime()
    retune.retune(
        engine=at.engine,
        rules=at.retune_rules,
        judge_version=at.judge_now.version,
        rollout_share=at.rollout_rules.share,
        watched=at.watched,
    )


@step(dispatch.LEARN)
def learn_pairs() -> None:
    """Teach the working classifiers what was judged."""
    at = runtime()
    rules = replace(at.learn_rules, judge_version=at.judge_now.version)
    learn.learn(engine=at.engine, rules=rules)


@step(dispatch.REFIT)
def refit_models() -> None:
    """Compare what was learned with the active model."""
    at = runtime()
    rules = replace(at.refit_rules, judge_version=at.judge_now.version)
    refit.refit(engine=at.engine, rules=rules, rollout_share=at.rollout_rules.share)


@step(dispatch.TRY_MODELS)
def try_models() -> None:
    """Go on with the trials of models that run."""
    at = runtime()
    if at.asks_a_model:
        try_pairs.try_models(
            try_pairs.Means(
                engine=at.engine,
                client=at.client,
                judge=at.judge_now,
                redact=at.redact,
                sealer=at.sealer,
                tiers=at.tiers,
                served=at.served_tiers(),
                budget_usd_per_day=at.config.evaluation.budget_usd_per_day,
                hold_s=at.settings.claim_s,
                stopping=is_stopping,
            ),
            now=lambda: dt.datetime.now(dt.UTC),
        )


@step(dispatch.ROLLOUT)
def watch_rollout() -> None:
    """End what is sent up and is over, then the running rollout if its pairs allow.

    Before that, what a watched router was seen to run with becomes its policy here.
    """
    at = runtime()
    now = dt.datetime.now(dt.UTC)
    drain.settle_drains(engine=at.engine, now=now)
    router = None if at.watched is None else at.watched.router
    follow.follow_router(engine=at.engine, router=router, now=now)
    rollout.rollout(engine=at.engine, rules=at.rollout_rules)


@step(dispatch.WATCH_TRAFFIC)
def watch_traffic() -> None:
    """Watch the confidences of all traffic, and what is captured of it."""
    at = runtime()
    traffic.watch_traffic(
        engine=at.engine, level=at.config.evaluation.alert_level, now=dt.datetime.now(dt.UTC)
    )


@step(dispatch.JUDGE_ANCHORS)
def judge_anchors() -> None:
    """Put the anchors to the judge, if they are due."""
    at = runtime()
    if at.settings.anchors_every_s and at.asks_a_model:
        asked = evalsets.anchors().part(at.settings.evalset_share)
        if at.together is not None:
            first_judge.weigh_first_judge(
                engine=at.engine,
                alone=at.judge,
                together=at.together,
                anchors=asked,
                budget_usd_per_day=at.config.evaluation.budget_usd_per_day,
                stopping=is_stopping,
            )
        anchors.interleave_anchors(
            engine=at.engine,
            judge=at.judge_now,
            anchors=asked,
            every_s=at.settings.anchors_every_s,
            budget_usd_per_day=at.config.evaluation.budget_usd_per_day,
            stopping=is_stopping,
        )


@step(dispatch.ASK_PROBES)
def ask_probes() -> None:
    """Ask each tier the probes, if they are due."""
    at = runtime()
    if at.settings.probes_every_s:
        probes.interleave_probes(
            engine=at.engine,
            client=at.client,
            tiers=at.served_tiers().values(),
            probes=evalsets.probes().part(at.settings.evalset_share),
            every_s=at.settings.probes_every_s,
            budget_usd_per_day=at.config.evaluation.budget_usd_per_day,
            stopping=is_stopping,
        )


@step(dispatch.ATTRIBUTE)
def attribute_alerts() -> None:
    """Say of each new misroute alert what has changed."""
    at = runtime()
    find_cause.attribute_alerts(
        engine=at.engine,
        judge=at.judge_now if at.settings.anchors_every_s and at.asks_a_model else None,
        client=at.client,
        tiers=at.served_tiers() if at.settings.probes_every_s else {},
        anchors=evalsets.anchors().part(at.settings.evalset_share),
        probes=evalsets.probes().part(at.settings.evalset_share),
        stopping=is_stopping,
    )


@step(dispatch.REBUILD_TYPES)
def rebuild_types() -> None:
    """Look for better task types, if they are due."""
    at = runtime()
    if at.settings.types_every_s:
        types.rebuild_types(
            engine=at.engine,
            judge_version=at.judge_now.version,
            leiden=installed_leiden(),
            now=dt.datetime.now(dt.UTC),
            every_s=at.settings.types_every_s,
        )


@step(dispatch.RETENTION)
def keep_retention() -> None:
    """Cut the coming months, drop the old ones, delete what is left over."""
    at = runtime()
    retention.retention(
        engine=at.engine,
        keep_days=at.config.evaluation.retention_days,
        keep_figures_days=at.config.evaluation.figures_days,
        keep_media_days=at.config.evaluation.media_days,
        today=dt.datetime.now(dt.UTC).date(),
    )
