"""The report: one HTML page with plots, made from a validation's JSON."""
