"""Errors that a user can act on: what happened, where, and what to do next."""

from __future__ import annotations


class SyntheticError(Exception):
    """The base of all errors that are the input's fault and not the program's."""


class InputError(SyntheticError):
    """The data or schema given cannot be used as it is."""


class ModelFileError(SyntheticError):
    """A file is not a model, was altered, or was made by a version that this one cannot read."""


class ConstraintError(SyntheticError):
    """Rows that keep a constraint or condition could not be found."""


class OutsideError(SyntheticError):
    """Something outside this program failed (a disk, a network, a cluster): the same command may do better later."""
