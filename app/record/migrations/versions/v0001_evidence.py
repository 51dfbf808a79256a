"""The evidence tables, and the triggers that keep them append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = ("entries", "checkpoints", "cosignatures", "stamps")


def upgrade() -> None:
    """Make the tables and their triggers."""
    case = sa.String(256)
    op.create_table(
        "entries",
        sa.Column("case_id", case, primary_key=True),
        sa.Column("index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("case_id", case, primary_key=True),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "cosignatures",
        sa.Column("case_id", case, primary_key=True),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_table(
        "stamps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", case, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    elif op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()


def _sqlite_triggers() -> None:
    for table in _TABLES:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END"
            )
    op.execute(
        'CREATE TRIGGER entries_gapless BEFORE INSERT ON entries WHEN NEW."index" <> '
        '(SELECT COALESCE(MAX("index") + 1, 0) FROM entries WHERE case_id = NEW.case_id) '
        "BEGIN SELECT RAISE(ABORT, 'not the next entry'); END"
    )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION evidence_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'evidence is never changed'; END $$"
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_never_changed()"
        )
    op.execute(
        "CREATE FUNCTION entries_gapless() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        'IF NEW."index" <> (SELECT COALESCE(MAX("index") + 1, 0) FROM entries WHERE case_id = NEW.case_id) '
        "THEN RAISE EXCEPTION 'not the next entry'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER entries_gapless BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION entries_gapless()"
    )
