"""One room for several texts: each has its own share, and what one does not need goes to others."""

from collections.abc import Sequence


def rooms(needs: Sequence[int], shares: Sequence[float], total: int) -> list[int]:
    """How much of the total each gets.

    Nobody gets more than it needs. Nobody gets less than its share of the total, or than it needs:
    however much the others want, they cannot take that. What is left over goes to those who want
    more, after their shares.

    Args:
        needs: what each would take; 0 or more.
        shares: above 0, of any sum; one for each need.
        total: to be given out.

    >>> rooms([10, 500, 500], [1, 1, 2], 100)
    [10, 30, 60]
    >>> rooms([10, 20], [1, 1], 100)
    [10, 20]
    """
    given = [0] * len(needs)
    wanting = [place for place, need in enumerate(needs) if need > 0]
    left = total
    while wanting:
        sum_of_shares = sum(shares[place] for place in wanting)
        fair = {place: left * shares[place] / sum_of_shares for place in wanting}
        content = [place for place in wanting if needs[place] <= fair[place]]
        if not content:
            for place in wanting:
                given[place] = int(fair[place])
            break
        for place in content:
            given[place] = needs[place]
            left -= needs[place]
        wanting = [place for place in wanting if place not in content]
    return given
