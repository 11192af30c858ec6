"""Runs the migrations: one at a time in the whole cluster, each in one transaction.

The connection comes from the caller (`config.attributes["connection"]`), so
that the same code serves the command, the tests and a rehearsal.
"""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
# Two deployments at once would race on DDL; the second one waits here.
connection.execute(text("SELECT pg_advisory_lock(hashtext('antifraud.migrations'))"))
try:
    # A waiting ALTER queues everybody behind it: give up instead.
    connection.execute(text("SET lock_timeout = '8s'"))
    connection.execute(text("SET statement_timeout = '10min'"))
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("metadata"),
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
finally:
    connection.rollback()
    connection.execute(text("SELECT pg_advisory_unlock(hashtext('antifraud.migrations'))"))
    connection.commit()
