"""The engineering ledger: journal, errors, tasks and the documents beside them, kept true to the code."""
