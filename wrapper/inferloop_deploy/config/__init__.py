"""Loading, merging and checking what people write: services and environments."""
