"""At a recording's pace the clocks run faster, and where things are stays as it was."""

from dataclasses import fields, replace

from tierwatch.command.replaying.pace import sped_up
from tierwatch.settings import read_settings


def test_clocks_run_faster_and_addresses_stay() -> None:
    given = replace(read_settings({}), gateway_port=9000, secret_key="x" * 40)
    fast = sped_up(given)
    changed = {
        one.name for one in fields(given) if getattr(given, one.name) != getattr(fast, one.name)
    }
    assert {name for name in changed if name.endswith("_s")} >= {"observe_every_s", "sweep_every_s"}
    assert all(name.endswith("_s") for name in changed - {"worker_threads", "evalset_share"})
    # Building task types in the middle would begin every stream anew.
    assert fast.types_every_s == 0
    assert 0 < fast.evalset_share < 1
