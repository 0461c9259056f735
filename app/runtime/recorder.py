"""What the gateway hands its exchanges to."""

from sqlalchemy import Engine

from tierwatch.config import Config
from tierwatch.dispatch import CeleryDispatch
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.capture.redact import load_redactor
from tierwatch.runtime.sampling import sampling_plan
from tierwatch.settings import Settings


def build_recorder(settings: Settings, config: Config, *, engine: Engine) -> CaptureRecorder:
    """Build the gateway's recorder.

    Raises:
        SettingsError: ``TIERWATCH_REDACTOR`` cannot be loaded.
    """
    return CaptureRecorder(
        engine=engine,
        dispatch=CeleryDispatch(settings.broker),
        tiers=config.tiers,
        plan=sampling_plan(config),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
        redact=load_redactor(settings.redactor or None),
        spool_path=settings.data_dir / "spool" / f"capture-{settings.gateway_port}.jsonl",
        spool_max_bytes=settings.spool_max_mb * 1_000_000,
        buffer=config.gateway.capture_buffer,
    )
