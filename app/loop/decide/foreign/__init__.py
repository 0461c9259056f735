"""A router that is only watched: what it runs comes in, an approved change of that goes out.

Its policy here is a mirror: it says what that router runs with, as far as that is known, and is
never ahead of it. `approve` hands changes over; workers follow; people, the webhook and the
router's own log say what was applied.
"""
