"""Two roles: one owns the tables, the other is what processes are; what the second may do.

The audit is append-only by a trigger. Whoever owns the table can take the trigger off, so the
guard holds only against a role that owns nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import Connection, text

from tierwatch.errors import DatabaseError, UsageError

if TYPE_CHECKING:
    import psycopg

# Every table but two can be read and written. Sequences: those of identity columns need nothing.
_GRANTS = (
    "grant usage on schema public to {role}",
    "grant select, insert, update, delete on all tables in schema public to {role}",
    "revoke all on audit, alembic_version from {role}",
    # When, and in which order, is the database's to say.
    "grant select, insert (actor, action, subject, detail) on audit to {role}",
    "grant select on alembic_version to {role}",
    "grant execute on function add_part(text, text, text), drop_part(text) to {role}",
    "grant execute on function part_parent(text) to {role}",
    # For what later versions and the retention step make.
    (
        "alter default privileges in schema public"
        " grant select, insert, update, delete on tables to {role}"
    ),
)


@dataclass(frozen=True, slots=True)
class AuditGuard:
    """What the present role could do to lines of the audit.

    Attributes:
        role: its name.
        owns: whether it is the table's owner, may become it, or is a superuser.
        may_change: whether it was granted more than reading and appending.
    """

    role: str
    owns: bool
    may_change: bool

    @property
    def holds(self) -> bool:
        """Whether it can only read and append."""
        return not self.owns and not self.may_change


def audit_guard(connection: Connection) -> AuditGuard:
    """Return whether the audit is safe from the role of this connection."""
    row = connection.execute(
        text(
            "select current_user as role, pg_has_role(current_user, relowner, 'member') as owns,"
            " has_table_privilege(oid, 'update, delete, truncate, trigger') as may_change"
            " from pg_class where oid = to_regclass('audit')"
        )
    ).one()
    return AuditGuard(row.role, row.owns, row.may_change)


def grant_to(connection: Connection, role: str, *, password: str | None = None) -> None:
    """Let a role use every table and own none; idempotent.

    Args:
        connection: of the owner, inside the caller's transaction.
        role: of the processes.
        password: makes the role where there is none; an existing one keeps its own.

    Raises:
        UsageError: the role is the owner.
        DatabaseError: there is no such role and none can be made, or it owns or may become the
            owner, so that grants bind it to nothing.
    """
    driver: psycopg.Connection[object] = connection.connection.driver_connection  # type: ignore[assignment]
    if role == connection.execute(text("select current_user")).scalar_one():
        raise UsageError(
            f"role {role} owns the tables; accepted: another role, which processes connect as"
        )
    name = sql.Identifier(role)
    exists = connection.execute(
        text("select 1 from pg_roles where rolname = :role"), {"role": role}
    ).scalar()
    if not exists:
        _make_role(connection, driver, role, password)
    for statement in _GRANTS:
        driver.execute(sql.SQL(statement).format(role=name))
    becomes = connection.execute(
        text("select pg_has_role(:role, relowner, 'member') from pg_class where relname = 'audit'"),
        {"role": role},
    ).scalar_one()
    if becomes:
        raise DatabaseError(
            f"role {role} is a superuser, owns the audit or may become its owner: nothing that is"
            " granted or taken binds it; use a role that is none of these"
        )


def _make_role(
    connection: Connection,
    driver: "psycopg.Connection[object]",
    role: str,
    password: str | None,
) -> None:
    may = connection.execute(
        text("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
    ).scalar_one()
    if not may or not password:
        raise DatabaseError(
            f"there is no role {role}; a superuser makes it with:"
            f" create role {sql.Identifier(role).as_string()} login password '...'"
        )
    # As a verifier: the password itself would stand in the server's log of statements.
    verifier = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    driver.execute(
        sql.SQL("create role {} login password {}").format(
            sql.Identifier(role), sql.Literal(verifier.decode())
        )
    )
