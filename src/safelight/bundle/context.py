"""Chats, accounts and addresses of a case at one time: what the law asks to keep beside the files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

CONTEXT_SCHEMA = "safelight.case-context/1"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AccountContext(_Part):
    """An account of the platform and its role in the case. ``platform_id`` is None where unreadable."""

    id: UUID
    platform_id: str | None
    role: str
    first_seen_at: datetime | None = None


class AddressContext(_Part):
    """An address seen with an occurrence, as the platform told it."""

    address: str
    port: int | None
    event: str
    device: str
    country: str
    at: datetime | None


class OccurrenceContext(_Part):
    """Where and when something was seen. ``words`` is a text or an address of the net, None for a file.

    ``item`` is the item's id where it is a file; ``unreadable`` says that something sealed did not open.
    """

    id: UUID
    came_as: str
    what: str
    item: UUID | None
    words: str | None
    content_id: str
    file_name: str
    sender: str
    reference: str
    account: UUID | None
    surface: str
    country: str
    visibility: str
    occurred_at: datetime | None
    recorded_at: datetime
    addresses: tuple[AddressContext, ...]
    unreadable: bool


class CaseContext(_Part):
    """Everything about one case that is not a file."""

    schema_name: str = CONTEXT_SCHEMA
    case: UUID
    taken_at: datetime
    accounts: tuple[AccountContext, ...]
    occurrences: tuple[OccurrenceContext, ...]

    def to_bytes(self) -> bytes:
        """JSON, as it is sealed and handed out."""
        return self.model_dump_json(indent=1).encode()
