"""Alembic's entry: runs revisions on the connection that ``steadydesk.records.migration`` hands over."""

from alembic import context

from steadydesk.records.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
