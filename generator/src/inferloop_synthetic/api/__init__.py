"""The HTTP API: what the command line does, for many callers at once."""
