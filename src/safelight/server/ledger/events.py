"""What the ledger is told of. A room may also bring its own subclass of the core's ``Event``."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """What happened, as ``object.what_happened``. Members are added, never renamed: old rows keep theirs."""

    WORKSPACE_MARKED = "workspace.marked"
    INVITATION_MADE = "invitation.made"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    PERSON_JOINED = "person.joined"
    PERSON_SUSPENDED = "person.suspended"
    IDENTITY_LINKED = "person.identity_linked"
    PROPOSAL_MADE = "proposal.made"
    PROPOSAL_APPROVED = "proposal.approved"
    PROPOSAL_REFUSED = "proposal.refused"
    PROPOSAL_EXPIRED = "proposal.expired"
    PROPOSAL_CARRIED_OUT = "proposal.carried_out"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    CREDENTIALS_RESET = "credentials.reset"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an event, not a password
    FACTOR_ADDED = "factor.added"
    FACTOR_REMOVED = "factor.removed"
    SIGNED_IN = "session.signed_in"
    SIGN_IN_FAILED = "session.sign_in_failed"
    SIGNED_OUT = "session.signed_out"
    SESSIONS_ENDED = "session.ended"
    JOB_RETRIED = "job.retried"
    GUARDS_REINSTALLED = "ledger.guards_reinstalled"
