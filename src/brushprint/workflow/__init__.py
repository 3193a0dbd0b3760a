"""Code for the rules and for the commands around a run: the plan, provenance, checksums, logs of runs, publishing."""
