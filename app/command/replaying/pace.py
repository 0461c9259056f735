"""The loop's clocks and checks, set to match traffic that is replayed hours in minutes."""

from dataclasses import replace

from tierwatch.settings import Settings


def sped_up(settings: Settings) -> Settings:
    """Settings under which a replay of some hundred requests shows what weeks of traffic would."""
    return replace(
        settings,
        observe_every_s=1.0,
        # The lines of a conversation stand together in a recording, so they pass within a second.
        conversation_idle_s=2.0,
        sweep_every_s=5.0,
        sweep_after_s=15.0,
        claim_s=30.0,
        rollout_every_s=2.0,
        # Types that come in the middle of a replay begin new streams, and the monitors of its few
        # hundred pairs anew. `tierwatch types --rebuild` builds them afterwards.
        types_every_s=0.0,
        worker_threads=16,
        # A day's anchors and probes, and an alert's, would cost more than a few hundred requests
        # can save. 45 probes still show a model that fails a third of them.
        evalset_share=1 / 3,
    )
