"""Inferloop's deployment platform: one YAML file per service, one command per cloud."""

__version__ = "0.1.0"
