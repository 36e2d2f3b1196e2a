"""The own tabular engine: a chain of trees compiled to look-up tables."""
