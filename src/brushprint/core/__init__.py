"""What every other package stands on: errors, atomic writes, locks, tables, digests, the logs of jobs."""
