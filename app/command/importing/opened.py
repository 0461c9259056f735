"""What stores calls in this folder, opened for one command: Postgres, the policies, the door."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import select

from tierwatch.command.database import opened_database
from tierwatch.command.serve.gateway import file_policies
from tierwatch.config import Config
from tierwatch.dispatch import CeleryDispatch, Dispatch
from tierwatch.intake.build import build_importing
from tierwatch.intake.keeping.importing import Importing
from tierwatch.loop.decide.reload import current_types, stored_model
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.settings import Settings
from tierwatch.store.schema.traffic import SeenCallRow


@contextmanager
def opened_importing(
    source: str,
    settings: Settings,
    config: Config,
    *,
    environ: Mapping[str, str],
    dispatch: Dispatch | None,
) -> Iterator[Importing]:
    """Open it, store what others left, and close it.

    Args:
        source: what the calls are counted under.
        settings: of this process.
        config: the whole tierwatch.yaml.
        environ: where secrets are found.
        dispatch: sends workers new exchanges; over the broker of the settings by default.

    Raises:
        DatabaseError: Postgres cannot be used.
        SettingsError: the redactor cannot be loaded.
    """
    with opened_database(settings.database_url) as engine:
        with engine.connect() as connection:
            connection.execute(select(SeenCallRow.call).limit(1))
        policies = file_policies(config, engine)
        names = [tier.name for tier in config.tiers]
        configured = configured_boundaries(names, dict(config.classifier.models))
        try:
            importing = build_importing(
                source,
                settings,
                config,
                engine=engine,
                dispatch=dispatch or CeleryDispatch(settings.broker),
                environ=environ,
                policies=policies,
                models=lambda version: stored_model(
                    version, engine=engine, tiers=names, configured=configured
                ),
                types=lambda known: current_types(known, engine=engine),
            )
            with importing:
                yield importing
        finally:
            policies.close()
