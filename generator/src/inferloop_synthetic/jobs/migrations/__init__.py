"""Alembic's revisions of the tables; run by `schema.migrate`, never by hand."""
