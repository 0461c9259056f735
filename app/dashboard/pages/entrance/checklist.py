"""The checklist of a first run: what has been reached, and what comes next, with its command."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tierwatch.config import Config
from tierwatch.store.pages.entrance.first_run import Reached

# The overview waits for it, and only while no request has ever been counted.
_ANSWERS_WITHIN_S = 0.5
_ANY = ("0.0.0.0", "[::]")  # noqa: S104 - read, not listened on


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a new system does for the first time.

    Attributes:
        name: as it is called once it is done.
        done: whether it is.
        what: a sentence for whoever waits for it.
        command: what to type, or empty.
        page: the name of the page that shows it, or empty.
        link: what its link says.
    """

    name: str
    done: bool
    what: str
    command: str = ""
    page: str = ""
    link: str = ""


def checklist(
    found: Reached,
    config: Config,
    *,
    gateway_url: str,
    answers: Callable[[str], bool] | None = None,
) -> tuple[Step, ...]:
    """What is reached and what comes next; empty once everything is.

    Args:
        found: how far it has come.
        config: whose sampling and judge are explained.
        gateway_url: of the gateway, or empty.
        answers: whether the gateway answers at that address; asked only before the first request.
    """
    asks = config.evaluation.judge is not None and config.evaluation.judge.kind != "recorded"
    if found.served and found.sampled and found.judged and (found.anchored or not asks):
        return ()
    answers = gateway_answers if answers is None else answers
    there = found.served or (bool(gateway_url) and answers(gateway_url))
    steps = [
        _gateway(gateway_url, there=there),
        _first(gateway_url, found),
        _sampled(config, found),
    ]
    steps.append(
        Step(
            name="First pair judged",
            done=found.judged,
            what="A worker asks the other tier for its answer, and the judge compares the two. It"
            " takes some seconds after a request was sampled; if it does not come, this says why:",
            command="tierwatch doctor --call",
            page="pairs.show",
            link="Pairs",
        )
    )
    if asks:
        steps.append(
            Step(
                name="Accuracy of the judge known",
                done=found.anchored,
                what="The judge is asked pairs whose correct verdict is known (anchors). Until all"
                " are answered nobody can say how far it may be believed. Workers ask them at the"
                " start, unless they are held; this asks them now:",
                command="tierwatch judges --ask",
                page="judge.show",
                link="The judge",
            )
        )
    return tuple(steps)


def gateway_answers(url: str) -> bool:
    """Whether a gateway answers at its address, from here and within half a second."""
    for any_address in _ANY:
        url = url.replace(f"//{any_address}", "//127.0.0.1")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        if urlsplit(url).scheme not in {"http", "https"}:
            return False
        with direct.open(f"{url}/healthz", timeout=_ANSWERS_WITHIN_S) as answer:
            return bool(answer.status == http.client.OK)
    except urllib.error.HTTPError as problem:
        problem.close()
        return False
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _gateway(url: str, *, there: bool) -> Step:
    what = f"It answers at {url}." if there and url else "It answers."
    if not there:
        where = f" at {url}" if url else ""
        what = f"No gateway answers{where}. This starts one, with all that belongs to it:"
    return Step("Gateway reached", there, what, command="" if there else "tierwatch up")


def _first(url: str, found: Reached) -> Step:
    return Step(
        name="First request served",
        done=found.served,
        what="Point a client at the gateway, or send one by hand; it is counted within seconds:",
        command=f"curl {url or 'http://127.0.0.1:8420'}/v1/chat/completions"
        " -H 'content-type: application/json' -d"
        """ '{"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}'""",
    )


def _sampled(config: Config, found: Reached) -> Step:
    rate = config.evaluation.sample_rate
    each = f"About one request in {1 / rate:,.0f} is" if rate else "No request is"
    if rate == 1:
        each = "Every request is"
    return Step(
        name="First request sampled",
        done=found.sampled,
        what=f"{each} kept for an evaluation (evaluation.sample_rate). What cannot be evidence,"
        " such as a request that names its model, is not.",
        page="settings.show",
        link="Settings",
    )
