"""Django's backend of SQLite, with a fairer way to wait for the one writer."""
