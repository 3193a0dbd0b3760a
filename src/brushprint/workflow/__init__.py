"""What the rules and the chores of a run need: provenance, checksums, logs of runs, publishing."""
