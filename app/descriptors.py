"""How many files and connections this process may have open, raised as far as it may."""

import resource


def descriptors(wanted: int) -> int:
    """How many of those wanted there are, after the soft limit was raised to hold them.

    The usual soft limit of 1,024 is of the days of ``select``; a process may raise it to its hard
    limit.
    """
    soft, hard = (
        wanted if limit == resource.RLIM_INFINITY else min(limit, wanted)
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    if soft < hard:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        )
    return max(soft, hard)
