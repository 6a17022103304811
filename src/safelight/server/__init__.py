"""The server on top of the core: people, records, evidence, jobs and the ledger, one Django app a domain."""
