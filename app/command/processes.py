"""What each process of a deployment does once its command is given."""

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.config import Config, load_config
from tierwatch.errors import SettingsError, TierwatchError, UsageError
from tierwatch.loop.capture.exchange import Feedback
from tierwatch.loop.capture.feedback import keep_feedback
from tierwatch.loop.capture.redact import load_redactor
from tierwatch.loop.decide.reload import current_policies, stored_model
from tierwatch.loop.improve.rebuild_types import current_types
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.routing.classify.local import LocalTierClassifier
from tierwatch.routing.config.prices import price_words, shipped_prices
from tierwatch.routing.policy import ActivePolicies
from tierwatch.runtime import build_recorder, build_runtime, configure_logging
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user, one_time_password

_SHORTEST_KEY = 32


def run_gateway(settings: Settings, environ: Mapping[str, str]) -> None:
    """Serve the gateway until told to stop.

    Raises:
        ConfigError: the configuration is not accepted, or a tier has no provider.
    """
    from tierwatch.gateway import build_gateway, serve
    from tierwatch.gateway.cache.response_cache import build_cache
    from tierwatch.providers.upstream import Upstream
    from tierwatch.routing.config.sections import build_router

    configure_logging(settings)
    config = complete_config(settings.config)
    engine = build_engine(settings.database_url)
    recorder = build_recorder(settings, config, engine=engine)
    redact = load_redactor(settings.redactor or None)

    names = [tier.name for tier in config.tiers]
    configured = configured_boundaries(names, dict(config.classifier.models))

    def policies() -> ActivePolicies:
        return current_policies(
            engine=engine,
            first=config.initial_policy,
            learned=config.classifier.kind == "local",
        )

    def models(version: int) -> LocalTierClassifier:
        return stored_model(version, engine=engine, tiers=names, configured=configured)

    def types(known: int) -> tuple[int, bytes | None] | None:
        return current_types(known, engine=engine)

    def feedback(given: Feedback) -> None:
        keep_feedback(given, engine=engine, redact=redact)

    app = build_gateway(
        config=config,
        router=build_router(config),
        recorder=recorder,
        policies=policies,
        models=models,
        types=types,
        upstream=Upstream(config.providers, environ),
        clock=time.time,
        feedback=feedback,
        environ=environ,
        cache=build_cache(config, url=settings.cache_url or settings.redis_url, redact=redact),
        redis_url=settings.cache_url or settings.redis_url,
    )
    recorder.start()
    try:
        serve(app, settings.gateway_host, settings.gateway_port)
    finally:
        recorder.stop()
        engine.dispose()


def run_dashboard(settings: Settings) -> None:
    """Serve the dashboard until told to stop.

    Raises:
        SettingsError: ``TIERWATCH_SECRET_KEY`` is missing or short, or ``TIERWATCH_REDACTOR``
            cannot be loaded.
        ConfigError: the configuration is not accepted.
    """
    from tierwatch.dashboard import build_dashboard, serve

    configure_logging(settings)
    if len(settings.secret_key) < _SHORTEST_KEY:
        raise SettingsError(
            f"TIERWATCH_SECRET_KEY must have {_SHORTEST_KEY} characters or more: it signs sessions."
            " Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    app = build_dashboard(
        config=load_config(settings.config),
        engine=build_engine(settings.database_url),
        secret_key=settings.secret_key,
        clock=time.time,
        gateway_url=f"http://{settings.gateway_host}:{settings.gateway_port}",
        redact=load_redactor(settings.redactor or None),
    )
    serve(app, settings.dashboard_host, settings.dashboard_port)


def run_recorded(
    settings: Settings, traffic: Path, *, port: int, options: Mapping[str, Any]
) -> None:
    """Serve recorded traffic on the OpenAI wire until told to stop.

    Raises:
        ConfigError: the configuration is not accepted.
        TrafficError: the file cannot be read.
    """
    from tierwatch.evalsets import anchors, probes
    from tierwatch.providers.recorded import RecordedOptions, build_recorded_app, serve
    from tierwatch.providers.traffic_file import RecordedExchange, read_traffic

    configure_logging(settings)
    config = load_config(settings.config)
    judge = config.evaluation.judge
    classifier = getattr(config.classifier, "model", None)
    app = build_recorded_app(
        [item for item in read_traffic(traffic) if isinstance(item, RecordedExchange)],
        tier_of_model={tier.model: tier.name for tier in config.tiers},
        judge_models={judge.model} if judge is not None and judge.model else set(),
        classifier_models={classifier} if classifier else set(),
        redact=load_redactor(settings.redactor or None),
        options=RecordedOptions(**options),
        prices={tier.name: tier.price for tier in config.tiers},
        anchors=anchors().items,
        probes=probes().items,
    )
    serve(app, port=port)


def complete_config(path: Path) -> Config:
    """Load a configuration that can serve traffic.

    Raises:
        ConfigError: it is not accepted.
        UsageError: a tier has no provider to call.
    """
    config = load_config(path)
    if config.missing_providers:
        raise UsageError(
            f"{path}: no provider for {', '.join(config.missing_providers)}; add one under"
            " `providers`, as openai: {kind: openai, api_key: env:OPENAI_API_KEY}"
        )
    return config


def new_user(settings: Settings, name: str, role: str) -> str:
    """Add a user and return the one-time password.

    Raises:
        UsageError: the name or role is not accepted.
        ConflictError: the name is taken.
    """
    password = one_time_password()
    engine = build_engine(settings.database_url)
    with engine.begin() as connection:
        add_user(connection, name, password, role, must_change=True)
    engine.dispose()
    return password


def new_token(settings: Settings, name: str, role: str) -> str:
    """Add a bearer token and return it; only its hash is kept.

    Raises:
        UsageError: the name or role is not accepted.
        ConflictError: the name is taken.
    """
    engine = build_engine(settings.database_url)
    with engine.begin() as connection:
        token = add_token(connection, name, role)
    engine.dispose()
    return token


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `doctor` looked at; a warning is no failure."""

    what: str
    ok: bool
    detail: str
    warning: bool = False


def examine(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Look at configuration, secrets, judge, prices, Postgres, schema and Redis."""
    return [
        _examine_config(settings, environ),
        *_examine_prices(settings, dt.datetime.now(dt.UTC).date()),
        *_examine_postgres(settings),
        _examine_redis(settings),
    ]


def _examine_config(settings: Settings, environ: Mapping[str, str]) -> Finding:
    try:
        config = complete_config(settings.config)
        at = build_runtime(settings, config=config, environ=environ)
    except TierwatchError as problem:
        return Finding("configuration", ok=False, detail=str(problem))
    at.engine.dispose()
    names = ", ".join(tier.name for tier in config.tiers)
    detail = f"{settings.config}: tiers {names}; judge {at.judge.version}"
    return Finding("configuration", ok=True, detail=detail)


def _examine_prices(settings: Settings, today: dt.date) -> list[Finding]:
    """Models whose price nobody knows, and list prices that are too old to trust."""
    try:
        config = load_config(settings.config)
    except TierwatchError:
        return []  # said of the configuration already
    found = [
        Finding("prices", ok=True, detail=f"{key}: {price_words(priced)}", warning=True)
        for key, priced in config.prices.items()
        if priced.origin == "unknown"
    ]
    listed = [key for key, priced in config.prices.items() if priced.origin == "table"]
    table = shipped_prices()
    if listed and table.stale(today):
        days = (today - table.as_of).days
        detail = (
            f"{', '.join(listed)}: list prices of {table.as_of}, {days} days old; compare them with"
            " the vendor's page and put what changed under `prices`, or upgrade tierwatch"
        )
        found.append(Finding("prices", ok=True, detail=detail, warning=True))
    return found or [Finding("prices", ok=True, detail="known")]


def _examine_postgres(settings: Settings) -> list[Finding]:
    engine = build_engine(settings.database_url)
    try:
        return _look_into(engine)
    except SQLAlchemyError as problem:
        why = str(problem).splitlines()[0]
        detail = f"{why}; check TIERWATCH_DATABASE_URL and that the server runs"
        return [Finding("postgres", ok=False, detail=detail)]
    finally:
        engine.dispose()


def _look_into(engine: Engine) -> list[Finding]:
    with engine.connect() as connection:
        server = connection.execute(text("show server_version")).scalar_one()
        found = [Finding("postgres", ok=True, detail=f"version {server}")]
        exists = connection.execute(text("select to_regclass('alembic_version')")).scalar()
        if exists is None:
            found.append(
                Finding("schema", ok=False, detail="no tables yet; run: tierwatch migrate")
            )
        else:
            version = connection.execute(text("select version_num from alembic_version")).scalar()
            found.append(Finding("schema", ok=True, detail=f"version {version}"))
    return found


def _examine_redis(settings: Settings) -> Finding:
    client = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3)
    try:
        client.ping()
    except redis.RedisError as problem:
        detail = f"{problem}; check TIERWATCH_REDIS_URL. Until it is back, rows wait in Postgres"
        return Finding("redis", ok=False, detail=detail)
    finally:
        client.close()
    return Finding("redis", ok=True, detail="answers")
