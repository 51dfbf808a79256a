"""Alembic's entry point: migrates the connection that app.record.database hands over."""

from alembic import context

from app.record.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
if connection.in_transaction():
    connection.commit()
