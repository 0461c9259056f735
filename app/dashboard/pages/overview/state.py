"""The state of the router in one sentence: is quality held, where not, and what is saved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tierwatch.dashboard.figures import Figure, interval, percent, when
from tierwatch.dashboard.pages.overview.tier_lines import TierLine
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.store.alerts import Alert

_CAUSES: Final = {
    "model": "its model changed",
    "quality": "its answers became worse",
    "judge": "the judge changed",
    "mix": "what is asked changed",
}


@dataclass(frozen=True, slots=True)
class State:
    """What is said first, and how loudly: ``bad``, ``warn``, ``good`` or ``plain``."""

    words: str
    tone: Literal["bad", "warn", "good", "plain"]


def state(
    tiers: Iterable[TierLine],
    rates: Mapping[str, Figure],
    alerts: Sequence[Alert],
    *,
    distrusted: bool,
    net_saving: float | None,
) -> State:
    """Say it.

    Whether a tier holds is what its monitors say of now; the figures beside it are those of the
    time asked for, or of all time where that has too few pairs. Of a tier that has got worse than
    it was, or whose model was changed by its provider, nothing is said to hold before that alert is
    over, though its tolerance may not be exceeded yet. While the judge is not trusted nothing is
    said to hold of any: its rates cannot be believed.

    Args:
        tiers: of the report, cheapest first.
        rates: misroute rates of the time asked for.
        alerts: unresolved.
        distrusted: whether the judge is not trusted.
        net_saving: of the time asked for; None where nothing was served.
    """
    watched = [tier for tier in tiers if tier.tolerance is not None and tier.misroute is not None]
    if distrusted:
        doubt = "The judge is not trusted: whether quality is held is not known."
        return State(" ".join([doubt, *_saving(net_saving)]), "bad")
    opened = {one.tier: one for one in reversed(alerts) if one.kind == "misroute" and one.tier}
    changed = {one.tier: one for one in reversed(alerts) if _got_worse(one)}
    said: dict[str, list[str]] = {"held": [], "above": [], "near": [], "open": [], "few": []}
    for tier in watched:
        figure = rates.get(tier.name) or tier.misroute
        if figure is None or not figure.enough:
            figure = tier.misroute
        alert = opened.get(tier.name)
        if alert is not None or tier.state == "ALERT":
            said["above"].append(_broken(tier, figure, alert))
        elif tier.name in changed:
            said["above"].append(_untrusted(changed[tier.name]))
        else:
            kind = {"OK": "held", "WARNING": "near", "INCONCLUSIVE": "open"}.get(
                tier.state or "", "few"
            )
            said[kind].append(tier.name + ("" if kind == "few" else _figures(tier, figure)))
    sentences = [
        *_sentence("Quality held on", said["held"]),
        *(f"{one[:1].upper()}{one[1:]}." for one in said["above"]),
        *_sentence("Close to an alert:", said["near"]),
        *_sentence("Neither held nor broken yet:", said["open"]),
        *_sentence("Too few pairs under the active policy to say anything of", said["few"]),
        *_saving(net_saving),
    ]
    tone: Literal["bad", "warn", "good", "plain"] = "plain"
    if said["above"]:
        tone = "bad"
    elif said["near"]:
        tone = "warn"
    elif said["held"] and not said["open"] and not said["few"]:
        tone = "good"
    return State(" ".join(sentences) or "Nothing has been served yet.", tone)


def _sentence(start: str, parts: Sequence[str]) -> list[str]:
    if not parts:
        return []
    *before, last = parts
    listed = f"{', '.join(before)} and {last}" if before else last
    return [f"{start} {listed}."]


def _figures(tier: TierLine, figure: Figure | None) -> str:
    if figure is None or not figure.enough:
        return ""
    return (
        f" ({percent(figure.value)}, {interval(figure.low, figure.high)};"
        f" tolerated {percent(tier.tolerance)})"
    )


def _broken(tier: TierLine, figure: Figure | None, alert: Alert | None) -> str:
    """Of an alert its segment and since when; its figures are its own, in the list beneath."""
    if alert is None:
        return f"{tier.name} is worse than tolerated{_figures(tier, figure)}"
    since = when(alert.began_at or alert.opened_at)
    return f"{alert.segment or tier.name} has been worse than tolerated since {since}{_why(alert)}"


def _got_worse(alert: Alert) -> bool:
    """Whether an alert says that the answers of its tier are not what they were."""
    return bool(alert.tier) and (
        alert.kind == "model_drift"
        or (alert.kind == "past" and alert.cause.startswith("past:tier_worse:"))
    )


def _untrusted(alert: Alert) -> str:
    what = "its model changed" if alert.kind == "model_drift" else "it answers worse than before"
    return f"{alert.tier} is not trusted since {when(alert.began_at or alert.opened_at)}: {what}"


def _why(alert: Alert) -> str:
    found = alert.attribution
    if not isinstance(found, AttributionDocument):
        return ""
    words = _CAUSES.get(found.cause)
    return f": {words}" if words else ""


def _saving(net: float | None) -> list[str]:
    if net is None:
        return []
    if net < 0:
        return [f"Routing and watching cost {percent(-net)} more than they save."]
    return [f"Saving {percent(net)} net."]
