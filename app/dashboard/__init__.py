"""The dashboard: pages for people, the same values as JSON for programs."""

from tierwatch.dashboard.application import build_dashboard
from tierwatch.dashboard.server import serve

__all__ = ["build_dashboard", "serve"]
