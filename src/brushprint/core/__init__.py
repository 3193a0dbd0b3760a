"""Tools that every other package may use: errors, atomic writes, locks, tables, digests, the logs of jobs."""
