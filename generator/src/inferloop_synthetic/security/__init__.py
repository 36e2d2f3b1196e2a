"""Who may do what, and how much of it: API keys, JWTs, scopes and rate limits."""
