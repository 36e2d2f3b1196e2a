"""Generations that take longer than a request: stored in a database, handed out through a queue, made by workers.

The database is the truth. A queue only says that there is work; losing it loses nothing. A worker holds a lease on its job and
renews it; what a worker finished before it was killed is on record, and the next worker goes on from there.
"""
