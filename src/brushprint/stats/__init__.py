"""Statistics: bootstrap and intervals, allocation of samples to strata, tests of significance."""
