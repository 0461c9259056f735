"""The first person of a new stack, and where the dashboard is."""

from tierwatch.command.terminal import say
from tierwatch.command.users import new_user
from tierwatch.errors import ConflictError
from tierwatch.settings import Settings


def say_dashboard(settings: Settings) -> None:
    """Print the dashboard's address, with a one-time password where `admin` is new."""
    url = f"http://127.0.0.1:{settings.dashboard_port}"
    try:
        password = new_user(settings, "admin", "admin")
    except ConflictError:
        say(f"dashboard  {url}  (user admin, with the password you set)")
    else:
        say(f"dashboard  {url}  user admin, one-time password {password}")
