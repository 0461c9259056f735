"""What the gateway hands its exchanges to."""

from sqlalchemy import Engine

from tierwatch.config import Config
from tierwatch.dispatch import CeleryDispatch
from tierwatch.fit.memory import Memory
from tierwatch.loop.capture.admission.reading import Reading
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder, spool_name
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.capture.redact import load_redactor
from tierwatch.loop.capture.redaction.sealing import build_sealer
from tierwatch.providers.endpoint import spoken_wire
from tierwatch.runtime.sampling import sampling_plan
from tierwatch.settings import Settings


def dead_letters(settings: Settings) -> DeadLetters:
    """The file of what could not be written, shared by the processes with this folder of data."""
    max_bytes = settings.dead_letters_max_mb * 1_000_000
    return DeadLetters(settings.spool_dir, max_bytes=max_bytes)


def build_recorder(
    settings: Settings, config: Config, *, engine: Engine, memory: Memory
) -> CaptureRecorder:
    """Build the gateway's recorder.

    Args:
        settings: of this process.
        config: the whole tierwatch.yaml.
        engine: Postgres.
        memory: what models take. The gateway's own: what a model refused a caller, it would refuse
            in the shadow, so such exchanges are outside before they are drawn, not failed after.

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
        read=Reading(
            config.tiers,
            memory,
            lambda provider, caller: spoken_wire(config.providers[provider], caller),
        ),
        sealer=build_sealer(settings.media_key) if config.evaluation.media else None,
        spools=SpoolFolder(
            settings.spool_dir,
            name=spool_name(settings.gateway_port),
            max_bytes=settings.spool_max_mb * 1_000_000,
            port=settings.gateway_port,
        ),
        letters=dead_letters(settings),
        buffer=config.gateway.capture_buffer,
    )
