"""One table of settings: name, type, default, help. The only reader of the environment.

What concerns the routing, the providers and the evaluation stands in ``tierwatch.yaml``
(`config`); what concerns this process and its neighbours stands here.
"""

import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tierwatch.errors import SettingsError

T = TypeVar("T")

_LAST_PORT = 65_535
_SHORTEST_SECRET = 16
_MEDIA_KEY_BYTES = 32

# What carries messages, and what keeps what a cache may lose.
REDIS_SCHEMES = ("redis", "rediss")
POSTGRES_SCHEMES = ("postgresql", "postgresql+psycopg")
RABBIT_SCHEMES = ("amqp", "amqps")


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number <= _LAST_PORT:
        raise ValueError
    return number


def _port_or_off(text: str) -> int:
    return 0 if text.strip() in {"0", "off"} else _port(text)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _positive_or_off(text: str) -> float:
    number = 0.0 if text.strip() == "off" else float(text)
    return number if number == 0 else _positive(text)


def _part(text: str) -> float:
    number = _positive(text)
    if number > 1:
        raise ValueError
    return number


def _long_secret(text: str) -> str:
    """A secret that cannot be guessed, or none."""
    if 0 < len(text) < _SHORTEST_SECRET:
        raise ValueError
    return text


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _networks(text: str) -> str:
    parts = [part.strip() for part in text.split(",")]
    return ",".join(str(ip_network(part, strict=False)) for part in parts if part)


def _media_keys(text: str) -> str:
    """Keys of 32 bytes in base64, or none."""
    for part in filter(None, (part.strip() for part in text.split(","))):
        standard = part.replace("-", "+").replace("_", "/")
        if len(b64decode(standard, validate=True)) != _MEDIA_KEY_BYTES:
            raise ValueError
    return text


def _level(text: str) -> str:
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError
    return text.lower()


def _address(text: str, schemes: tuple[str, ...]) -> str:
    if not text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError
    _ = parts.port  # raises for one that is none
    return text


def _postgres(text: str) -> str:
    scheme, _, rest = text.partition("://")
    # A password may hold anything but the sign behind it, as SQLAlchemy reads it.
    authority = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
    if scheme not in POSTGRES_SCHEMES or not rest:
        raise ValueError
    _ = urlsplit(f"//{authority}").port  # raises for one that is none
    return text


def _postgres_or_none(text: str) -> str:
    return _postgres(text) if text else text


def _redis(text: str) -> str:
    return _address(text, REDIS_SCHEMES)


def _broker(text: str) -> str:
    return _address(text, REDIS_SCHEMES + RABBIT_SCHEMES)


def _log_format(text: str) -> str:
    if text.lower() not in {"console", "json"}:
        raise ValueError
    return text.lower()


def _setting(
    default: T, read: Callable[[str], T], accepted: str, description: str, *, secret: bool = False
) -> T:
    meta = {"read": read, "accepted": accepted, "help": description, "secret": secret}
    return field(default=default, metadata=meta, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """Where this process finds its neighbours. Each field is ``TIERWATCH_<NAME>``."""

    config: Path = _setting(  # noqa: RUF009 - returns a dataclass field
        Path("tierwatch.yaml"), Path, "a path", "The routing and evaluation file."
    )
    database_url: str = _setting(
        "postgresql+psycopg://tierwatch@127.0.0.1:5432/tierwatch",
        _postgres,
        "postgresql+psycopg://user:password@host:port/name",
        "PostgreSQL 16 or newer.",
        secret=True,
    )
    owner_database_url: str = _setting(
        "",
        _postgres_or_none,
        "postgresql+psycopg://user:password@host:port/name",
        "The same database as the role that owns its tables; for `tierwatch migrate` and `up`"
        " alone. That of the processes then owns nothing, and cannot rewrite the audit. Empty: one"
        " role.",
        secret=True,
    )
    redis_url: str = _setting(
        "redis://127.0.0.1:6379/0",
        _redis,
        "redis://:password@host:port/db, or rediss:// for TLS; empty with a broker of its own",
        "Redis: broker of the workers unless `TIERWATCH_BROKER_URL` names another, and what the"
        " gateways share.",
        secret=True,
    )
    broker_url: str = _setting(
        "",
        _broker,
        "redis://:password@host:port/db or amqp://user:password@host:port/vhost, rediss:// or"
        " amqps:// for TLS",
        "Broker of the workers: Redis, or RabbitMQ 3.10 or newer. Empty: `TIERWATCH_REDIS_URL`.",
        secret=True,
    )
    cache_url: str = _setting(
        "",
        str,
        "redis://:password@host:port/db",
        "Redis of the response cache (`gateway.cache`), of where conversations stand, and of what"
        " is kept for `previous_response_id`: conversations as they came, not redacted, for"
        " `gateway.responses.ttl`, unless `gateway.responses.keep` is false. Empty:"
        " `TIERWATCH_REDIS_URL`.",
        secret=True,
    )
    gateway_host: str = _setting("127.0.0.1", str, "an address", "Where the gateway listens.")
    gateway_port: int = _setting(8420, _port, "1 to 65535", "The gateway's port.")
    dashboard_host: str = _setting("127.0.0.1", str, "an address", "Where the dashboard listens.")
    dashboard_port: int = _setting(8421, _port, "1 to 65535", "The dashboard's port.")
    intake_host: str = _setting("127.0.0.1", str, "an address", "Where the intake listens.")
    intake_port: int = _setting(8422, _port, "1 to 65535", "The intake's port.")
    dashboard_url: str = _setting(
        "",
        str,
        "https://host",
        "How people reach the dashboard; used in alert links. With https, its cookie is Secure.",
    )
    trusted_proxies: str = _setting(
        "",
        _networks,
        "networks as 10.0.0.0/8, separated by commas",
        "Proxies in front of the dashboard, whose word for where a caller is"
        " (`X-Forwarded-For`, `Forwarded`) counts. Empty: the caller is who is connected.",
    )
    secret_key: str = _setting(
        "",
        str,
        "32 or more characters",
        "Signs the dashboard's sessions; `tierwatch dashboard` refuses to start without it.",
        secret=True,
    )
    metrics_token: str = _setting(
        "",
        _long_secret,
        "16 or more characters",
        "What `/metrics` asks for, as a bearer token. Empty: a worker asks for nothing; the gateway"
        " asks for one of `gateway.api_keys` where there are any; the dashboard for an API token or"
        " a login, unless it listens on this machine only, no setting names a proxy in front or"
        " another address for people, and the gateway has no keys.",
        secret=True,
    )
    data_dir: Path = _setting(  # noqa: RUF009 - returns a dataclass field
        Path(".tierwatch"), Path, "a path", "Embedded servers' data, logs and the capture spool."
    )
    spool_max_mb: int = _setting(
        256, _count, "1 or more", "Captured exchanges kept on disk while Postgres is away."
    )
    dead_letters_max_mb: int = _setting(
        64,
        _count,
        "1 or more",
        "Kept on disk of what Postgres refuses or cannot be redacted; see `tierwatch doctor`.",
    )
    worker_threads: int = _setting(
        32, _count, "1 or more", "Model calls a worker process waits for at once."
    )
    worker_metrics_host: str = _setting(
        "127.0.0.1", str, "an address", "Where a worker shows its metrics."
    )
    worker_metrics_port: int = _setting(
        0,
        _port_or_off,
        "1 to 65535, or off",
        "Port of a worker's `/metrics` and `/healthz`; 8423 is usual. Off shows none. Several"
        " workers on one machine need one each; where it is taken, the worker says so and works.",
    )
    stop_within_s: float = _setting(
        30.0,
        _positive,
        "more than 0",
        "Seconds that a process asked to end gives to replies and tasks in flight. Let whatever"
        " kills it wait 25 s longer.",
    )
    observe_every_s: float = _setting(
        5.0, _positive, "more than 0", "Seconds between updates of the monitors."
    )
    conversation_idle_s: float = _setting(
        600.0,
        _positive,
        "more than 0",
        "Silence after which a conversation is over; its pairs then enter the monitors as one"
        " observation.",
    )
    anchors_every_s: float = _setting(
        86_400.0,
        _positive_or_off,
        "more than 0, or off",
        "Seconds over which all anchors are put to the judge, a few an hour; an alert asks them at"
        " once.",
    )
    probes_every_s: float = _setting(
        86_400.0,
        _positive_or_off,
        "more than 0, or off",
        "Seconds over which each tier is asked all probes, a few an hour; an alert asks them at"
        " once.",
    )
    evalset_share: float = _setting(
        1.0,
        _part,
        "more than 0, at most 1",
        "Share of the anchors and of the probes that is asked. Fewer cost less, and say less of a"
        " small change.",
    )
    sweep_every_s: float = _setting(
        30.0, _positive, "more than 0", "Seconds between sweeps for work left lying."
    )
    sweep_after_s: float = _setting(
        60.0, _positive, "more than 0", "Age at which undispatched work is sent again."
    )
    claim_s: float = _setting(
        300.0,
        _positive,
        "more than 0",
        "How long a claim on a pair holds before another worker may take it over; "
        "longer than the slowest model call.",
    )
    retune_every_s: float = _setting(
        86_400.0,
        _positive,
        "more than 0",
        "Seconds between tests of a tier's threshold; an alert brings the next one forward. "
        "Each test spends part of the error budget, so more is not better.",
    )
    types_every_s: float = _setting(
        86_400.0,
        _positive_or_off,
        "more than 0, or off",
        "Seconds between checks for better task types. Off keeps the active ones; "
        "`tierwatch types --off` ends them.",
    )
    rollout_every_s: float = _setting(
        30.0,
        _positive,
        "more than 0",
        "Seconds between checks of rollouts, of tiers due for a test and of pairs to learn.",
    )
    media_key: str = _setting(
        "",
        _media_keys,
        "32 bytes in base64; several, newest first, divided by commas",
        "Seals images, audio and files of samples. The same for gateways, workers and dashboards;"
        " make one with `python -c 'import base64, os; print(base64.b64encode(os.urandom(32))"
        ".decode())'`. Empty: none are kept.",
        secret=True,
    )
    redactor: str = _setting(
        "", str, "module:function", "Replaces the built-in redaction; takes and returns a str."
    )
    log_level: str = _setting("info", _level, "debug, info, warning, error", "Least level logged.")
    log_format: str = _setting("console", _log_format, "console or json", "Shape of log lines.")

    @property
    def broker(self) -> str:
        """URL of the broker of the workers."""
        return self.broker_url or self.redis_url

    @property
    def shared_url(self) -> str:
        """URL of the Redis that gateways share; empty when each keeps to itself."""
        return self.cache_url or self.redis_url

    @property
    def spool_dir(self) -> Path:
        """Where captured exchanges wait while Postgres is away, beside what it refused."""
        return self.data_dir / "spool"


def variable(name: str) -> str:
    """Name of the environment variable of a setting."""
    return f"TIERWATCH_{name.upper()}"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read every ``TIERWATCH_*`` variable once.

    Raises:
        SettingsError: a value is not accepted (all of them are named), or a variable is unknown.
    """
    environ = os.environ if environ is None else environ
    known = {variable(item.name): item for item in fields(Settings)}
    problems: list[str] = []
    values: dict[str, Any] = {}  # each as its own field reads it
    for name in sorted(key for key in environ if key.startswith("TIERWATCH_")):
        item = known.get(name)
        if item is None:
            problems.append(f"{name}: no such setting; known are {', '.join(known)}")
            continue
        try:
            values[item.name] = item.metadata["read"](environ[name])
        except ValueError:
            found = "a value" if item.metadata["secret"] else repr(environ[name])
            accepted = item.metadata["accepted"]
            problems.append(f"{name}: found {found}; accepted: {accepted}")
    if values.get("broker_url"):
        # Redis is for the gateways alone then, who do without where none is named.
        values.setdefault("redis_url", "")
    elif values.get("redis_url") == "":
        problems.append(
            "TIERWATCH_REDIS_URL: found nothing, and TIERWATCH_BROKER_URL names no broker either;"
            f" accepted: {known['TIERWATCH_BROKER_URL'].metadata['accepted']}"
        )
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(**values)


def settings_table() -> list[tuple[str, str, str]]:
    """Rows (variable, default, help) of the reference page; a test compares it with the docs."""
    return [
        (
            variable(item.name),
            "" if item.default == "" else str(item.default),
            f"{item.metadata['help']} Accepted: {item.metadata['accepted']}.",
        )
        for item in fields(Settings)
    ]
