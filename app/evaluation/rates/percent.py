"""A share in the words of a sentence."""


def percent(share: float | None) -> str:
    """A share as people read it.

    >>> percent(0.0734), percent(None)
    ('7.3 %', 'an unknown share')
    """
    return "an unknown share" if share is None else f"{100 * share:.1f} %"
