"""Engines whose learning is done by another library (SDV, CTGAN) in a process of its own.

The library learns in a worker process, which may run in another Python environment; what it learned comes back as plain arrays,
from which this package draws rows itself. Neither torch nor SDV is ever imported here, model files hold no pickle, and random
streams are this package's own.
"""
