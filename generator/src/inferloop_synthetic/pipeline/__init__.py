"""From a source of data to parts of synthetic rows: what is asked for, prepared once, made part by part, and finished."""
