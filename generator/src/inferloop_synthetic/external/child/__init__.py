"""What runs in the worker process.

This package is started as a top-level package `child` in an environment that has the library but perhaps not the rest of
inferloop_synthetic: it imports nothing of it, only the standard library, NumPy, pandas, pyarrow and the library itself.
"""
