"""Connections to PostgreSQL."""

from sqlalchemy import Engine, create_engine

# One process holds at most this many connections: 32 worker threads use one only between model
# calls (claim, record), so far fewer are ever busy at once.
_POOL = 10
_OVERFLOW = 20


def build_engine(url: str, *, connect_timeout_s: int = 3) -> Engine:
    """Return an engine whose connections give up soon instead of hanging a worker or a page.

    Args:
        url: ``postgresql+psycopg://user:password@host:port/name``.
        connect_timeout_s: seconds to wait for a connection to be accepted.
    """
    return create_engine(
        url,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_pre_ping=True,
        pool_timeout=10,
        # An error's text reaches logs; what was to be stored may be a prompt or an answer.
        hide_parameters=True,
        connect_args={
            "connect_timeout": connect_timeout_s,
            # A lock held longer than this means another process hangs: fail, be retried.
            "options": "-c statement_timeout=60000 -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=120000",
            "application_name": "tierwatch",
            # A server that vanished without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
