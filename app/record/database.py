"""Opening a database so that what is committed survives a power cut, and its tables are of this version."""

import sqlite3
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy as sa
from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from app.errors import FaultError

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str) -> tuple[sa.Engine, sa.Connection]:
    """An engine with one connection, migrated.

    Raises:
        FaultError: ``record.cannot_open``; ``record.too_new`` for tables of a later version.
    """
    try:
        engine = _engine(url)
        connection = engine.connect()
    except (SQLAlchemyError, ImportError) as error:
        raise FaultError("record.cannot_open", error=type(error).__name__) from error
    try:
        migrate(connection)
    except BaseException as error:
        connection.close()
        engine.dispose()
        if isinstance(error, CommandError):
            raise FaultError("record.too_new") from error
        if isinstance(error, SQLAlchemyError):
            raise FaultError("record.cannot_open", error=type(error).__name__) from error
        raise
    return engine, connection


def migrate(connection: sa.Connection) -> None:
    """Bring the tables to the newest version."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")


def disk_full(error: SQLAlchemyError) -> bool:
    """Whether SQLite found no room: the disk, a quota, or the shared-memory file that it makes when it opens.

    A failed fsync is none of these: after it nobody knows what is on the disk.
    """
    return getattr(getattr(error, "orig", None), "sqlite_errorcode", None) in _NO_ROOM


def _engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url)
    # One connection for the life of the store; it may be opened on one thread and closed on another.
    engine = sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def durable(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # the driver's own BEGIN comes too late and leaves DDL outside
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA fullfsync=ON")  # macOS: fsync alone stops at the disk's cache
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA recursive_triggers=ON")  # so that INSERT OR REPLACE meets the DELETE trigger
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
