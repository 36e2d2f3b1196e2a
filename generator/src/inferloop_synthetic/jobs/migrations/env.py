"""What Alembic runs: the revisions, in the transaction that `schema.migrate` opened and locked."""

from alembic import context

from inferloop_synthetic.jobs.tables import Base

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=config.attributes["version_table"],
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
