"""How good and how private a synthetic table is. Every measured number comes with its error."""
