"""Alembic's environment: runs on the connection that `monitor.store.migrate` hands over, in its transaction."""

from alembic import context

from monitor.store import (  # noqa: F401  (the tables register themselves)
    payloads,
    schema,
    schema_alerts,
    schema_assessment,
    schema_cycle,
    schema_policy,
    schema_screen,
    schema_sheets,
)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=schema.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_name=lambda name, kind, _parents: kind != "table" or name not in payloads.partitions(connection),
)
with context.begin_transaction():
    context.run_migrations()
