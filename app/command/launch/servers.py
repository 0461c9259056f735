"""Postgres and Redis made ready for a stack, with its first user: emptied for a demo alone."""

import redis
from sqlalchemy import text

from tierwatch.command.database import opened_database
from tierwatch.command.migrate import bring_up_to_date
from tierwatch.command.terminal import say
from tierwatch.command.users import new_user
from tierwatch.config import Config
from tierwatch.errors import ConflictError
from tierwatch.loop.decide.reload import current_policies
from tierwatch.settings import Settings


def prepare_database(settings: Settings, config: Config) -> None:
    """Bring the schema up to date and make the configuration's policy the active one."""
    bring_up_to_date(settings)
    with opened_database(settings.database_url) as engine:
        current_policies(engine=engine, first=config.initial_policy)


def empty_servers(settings: Settings) -> None:
    """Start from nothing: the demo's own database and broker, never anybody else's."""
    with opened_database(settings.database_url) as engine, engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))
    client = redis.Redis.from_url(settings.redis_url)
    client.flushdb()
    client.close()
    for leftover in (settings.data_dir / "spool").glob("*"):
        leftover.unlink()


def say_dashboard(settings: Settings) -> None:
    """Print the dashboard's address, with a one-time password where `admin` is new."""
    url = f"http://127.0.0.1:{settings.dashboard_port}"
    try:
        password = new_user(settings, "admin", "admin")
    except ConflictError:
        say(f"dashboard  {url}  (user admin, with the password you set)")
    else:
        say(f"dashboard  {url}  user admin, one-time password {password}")
