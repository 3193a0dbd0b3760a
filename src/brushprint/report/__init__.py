"""The report, the model cards and the claims ledger."""
