"""parts: months are cut and dropped by functions of the owner, so that processes need own nothing.

House rules: schema and data changes in separate versions; no model classes here; set lock and
statement time-outs, so that a migration that cannot get its lock fails and traffic goes on; add
columns as nullable first; build indexes on large tables concurrently, alone in their version.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    # Which part of which table is named by its name alone; nothing else can be made or dropped.
    op.execute(
        r"""
        create function part_parent(part text) returns regclass
        language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
        declare
            parent regclass := to_regclass(
                'public.' || quote_ident(substring(part from '^(.*?)_(until_)?y\d{4}m\d{2}$')));
        begin
            if parent is null or parent = to_regclass('public.audit') or not exists (
                select from pg_class where oid = parent and relkind = 'p'
            ) then
                raise exception '% is no month of a table that is cut by month', part;
            end if;
            return parent;
        end $$
        """
    )
    # Without a part for the rest it is attached, which lets readers and writers go on; with one,
    # that would look through the rest with everybody locked out, as making it in place does.
    op.execute(
        """
        create function add_part(part text, low text, high text) returns void
        language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
        declare
            parent regclass := part_parent(part);
            range text := format('from (%s) to (%L)',
                case low when 'minvalue' then low else quote_literal(low) end, high);
        begin
            if exists (select from pg_partitioned_table
                       where partrelid = parent and partdefid <> 0) then
                execute format('create table public.%I partition of %s for values %s',
                               part, parent, range);
            else
                execute format('create table public.%I'
                               ' (like %s including defaults including constraints)', part, parent);
                execute format('alter table %s attach partition public.%I for values %s',
                               parent, part, range);
            end if;
        end $$
        """
    )
    op.execute(
        """
        create function drop_part(part text) returns void
        language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
        begin
            if not exists (select from pg_inherits where inhparent = part_parent(part)
                           and inhrelid = to_regclass(format('public.%I', part))) then
                raise exception '% is no month of a table that is cut by month', part;
            end if;
            execute format('drop table public.%I', part);
        end $$
        """
    )
    for function in ("add_part(text, text, text)", "drop_part(text)"):
        op.execute(f"revoke execute on function {function} from public")


def downgrade() -> None:
    op.execute("drop function drop_part(text)")
    op.execute("drop function add_part(text, text, text)")
    op.execute("drop function part_parent(text)")
