"""The embedded stack: starts, watches and stops PostgreSQL, Temporal, worker and API on one machine."""
