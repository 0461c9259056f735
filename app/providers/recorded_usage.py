"""Usage that costs what was recorded."""

from collections.abc import Mapping

from tierwatch.providers.traffic_file import RecordedExchange
from tierwatch.routing.content import message_text


def tokens(
    exchange: RecordedExchange, tier: str, price_usd_per_mtok: tuple[float, float] | None
) -> Mapping[str, int]:
    """Usage that costs what was recorded, as nearly as whole tokens allow.

    Args:
        exchange: the recording.
        tier: whose answer.
        price_usd_per_mtok: of input and output; None counts four characters a token instead.
    """
    answer = exchange.answers[tier]
    prompt = round(sum(len(message_text(m)) for m in exchange.messages) / 4)
    completion = round(len(answer.text) / 4)
    if price_usd_per_mtok is not None and price_usd_per_mtok[1] > 0:
        price_in, price_out = price_usd_per_mtok
        completion = max(round((answer.cost_usd * 1e6 - prompt * price_in) / price_out), 0)
    return usage(prompt, completion)


def usage(prompt: int, completion: int) -> dict[str, int]:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
