"""Launch: which processes make a stack, and what each is told."""

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import redis
import yaml
from sqlalchemy import text

from tierwatch.config import Config, load_config
from tierwatch.local import Process, free_port
from tierwatch.local.process import is_free
from tierwatch.loop.decide.reload import current_policies
from tierwatch.settings import Settings, variable
from tierwatch.store.database import build_engine, migrate


def stack_processes(settings: Settings) -> list[Process]:
    """Gateway, worker, scheduler and dashboard, in the order they start."""
    env = process_environment(settings)
    gateway = f"http://127.0.0.1:{settings.gateway_port}/readyz"
    dashboard = f"http://127.0.0.1:{settings.dashboard_port}/healthz"
    return [
        Process(name="gateway", argv=_command("gateway"), env=env, ready=gateway),
        Process(name="worker", argv=_command("worker"), env=env),
        Process(name="beat", argv=_command("beat"), env=env),
        Process(name="dashboard", argv=_command("dashboard"), env=env, ready=dashboard),
    ]


def recorded_process(
    settings: Settings, traffic: Path, port: int, *, options: str = "{}"
) -> Process:
    """The provider that answers from a traffic file; ``options`` as JSON (`RecordedOptions`)."""
    return Process(
        name="recorded",
        argv=_command(
            *("recorded", "--traffic", str(traffic.resolve()), "--port", str(port)),
            *("--options", options),
        ),
        env=process_environment(settings),
        ready=f"http://127.0.0.1:{port}/healthz",
    )


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "tierwatch", *arguments]


def process_environment(settings: Settings) -> dict[str, str]:
    """The settings as variables for a child process."""
    return {variable(item.name): str(getattr(settings, item.name)) for item in fields(settings)}


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without our settings: the stack's processes get their own."""
    return {name: value for name, value in environ.items() if not name.startswith("TIERWATCH_")}


def prepare_database(settings: Settings, config: Config) -> None:
    """Bring the schema up to date and put the configuration's policy in force."""
    engine = build_engine(settings.database_url)
    try:
        migrate(engine)
        current_policies(engine=engine, first=config.initial_policy)
    finally:
        engine.dispose()


def empty_servers(settings: Settings) -> None:
    """Start from nothing: the demo's own database and broker, never anybody else's."""
    engine = build_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    engine.dispose()
    client = redis.Redis.from_url(settings.redis_url)
    client.flushdb()
    client.close()
    for leftover in (settings.data_dir / "spool").glob("*"):
        leftover.unlink()


def write_effective_config(
    given: Path, *, sample_rate: float | None, folder: Path, recorded_port: int
) -> Path:
    """Write the given configuration with every provider replaced by the recorded one.

    Raises:
        ConfigError: the given file is not accepted.
    """
    load_config(given)  # said with its own file and lines, before anything is replaced
    document = yaml.safe_load(given.read_text())
    document["providers"] = {
        "recorded": {"kind": "openai", "base_url": f"http://127.0.0.1:{recorded_port}/v1"}
    }
    routing = document["routing"]
    for tier in routing["tiers"].values():
        tier.pop("provider", None)
        tier.pop("providers", None)
    classifier = routing.get("classifier", {})
    classifier.pop("provider", None)
    classifier.pop("providers", None)
    if "models" in classifier:  # relative to the file that is left behind
        files = classifier["models"].items()
        classifier["models"] = {tier: str(given.parent.resolve() / file) for tier, file in files}
    evaluation = document.setdefault("evaluation", {})
    judge = evaluation.get("judge") or {}
    asked = {name: judge[name] for name in ("orders", "cost") if name in judge}
    model = judge.get("model") or "recorded-judge"
    evaluation["judge"] = {"kind": "pairwise", "model": model, **asked}
    if sample_rate is not None:
        evaluation["sample_rate"] = sample_rate
    document.setdefault("gateway", {}).pop("api_keys", None)
    document.pop("notify", None)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tierwatch.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def free_or_asked_port(asked: int | None, default: int) -> int:
    """The asked port; else the default one, or any other when that is taken."""
    if asked is not None:
        return asked
    return default if is_free(default) else free_port()
