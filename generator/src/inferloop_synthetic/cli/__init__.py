"""The command line `inferloop-synthetic`."""

from inferloop_synthetic.cli.app import main

__all__ = ["main"]
