"""The same ORM code on SQLite, the default, and on PostgreSQL, by one URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from safelight.errors import UsageError
from safelight.server.config import Config


def database_settings(config: Config) -> dict[str, Any]:
    """Django's settings for the one database. Raises :class:`UsageError` for any other URL."""
    if not config.database_url:
        return {
            "ENGINE": "safelight.server.sqlite3",
            "NAME": config.workspace / "server.sqlite3",
            # Opening one takes longer than most requests.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # IMMEDIATE takes the write lock at BEGIN: no transaction fails half-way for want of it.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # recursive_triggers: without it INSERT OR REPLACE would slip past the ledger's guards.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA recursive_triggers=ON; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;",
            },
        }
    url = urlsplit(config.database_url)
    if url.scheme not in ("postgresql", "postgres"):
        raise UsageError("database_url must begin with postgresql:// ; leave it empty for SQLite.")
    options = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or options.pop("host", "")),
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
