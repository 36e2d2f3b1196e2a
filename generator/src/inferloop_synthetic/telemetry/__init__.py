"""What the service tells of itself: metrics, logs, the audit log, traces, memory. None of it ever holds rows or secrets."""
