"""The append-only ledger over the database."""
