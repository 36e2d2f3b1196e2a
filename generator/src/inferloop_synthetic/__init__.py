"""Synthetic tables that keep the statistics of the real one."""

from importlib.metadata import version

__version__ = version("inferloop-synthetic")
