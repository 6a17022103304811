"""Containment follows the decision, not the report: hide what was confirmed, suspend who uploaded it.

The platform's own systems do it when told, at least once and maybe twice. What asserts a report waits for the
hotline's receipt instead (``report.finished``).
"""

from __future__ import annotations

from safelight.server.cases.models import Case, CaseAccount, Complaint, Decision
from safelight.server.intake.models import Account
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.told import platform_id
from safelight.server.ledger.services import JSON
from safelight.server.telling import emit


def contain(decision: Decision, place: dict[str, JSON]) -> None:
    """In the transaction of a decision: hide or restore what it is about, suspend or restore the account.

    An account is suspended only where it is noted as the uploader in this case: a recipient's, a victim's or
    a compromised one never is. ``place`` is what the platform told about the occurrence.
    """
    about = {"decision": str(decision.pk), "submission": str(decision.occurrence.intake_id), **place}
    replaced = decision.supersedes.outcome if decision.supersedes else None
    account = decision.occurrence.account
    if decision.outcome == Decision.Outcome.CONFIRMED:
        if replaced != Decision.Outcome.CONFIRMED:
            emit("item.hide", {"case": str(decision.case_id), **about})
        first = account is not None and not _confirmed_of(account, decision.case, beside=decision)
        if account is not None and first and _is_uploader(decision.case, account):
            _tell("account.suspend", decision.case, account)
    elif decision.outcome == Decision.Outcome.DISMISSED and replaced == Decision.Outcome.CONFIRMED:
        # The answer to an open complaint tells it itself, and names the complaint.
        open_one = Complaint.objects.filter(occurrence=decision.occurrence, state=Complaint.State.OPEN)
        if not open_one.exists():
            emit("item.restore", about)
        if account is not None and not _confirmed_of(account):
            _tell("account.restore", decision.case, account)


def contain_account(case: Case, account: Account, before: str, role: CaseAccount.Role) -> None:
    """In the transaction that says what an account was in a case in which something of it is confirmed."""
    uploader = CaseAccount.Role.UPLOADER
    if before == role or uploader not in (before, role) or not _confirmed_of(account, case):
        return
    _tell("account.suspend" if role == uploader else "account.restore", case, account)


def _tell(kind: str, case: Case, account: Account) -> None:
    emit(kind, {"case": str(case.pk), "account": platform_id(record_keys(), account)})


def _is_uploader(case: Case, account: Account) -> bool:
    return CaseAccount.objects.filter(case=case, account=account, role=CaseAccount.Role.UPLOADER).exists()


def _confirmed_of(account: Account, case: Case | None = None, beside: Decision | None = None) -> bool:
    """Whether something of the account is confirmed, in one case or in any, beside one decision or at all."""
    confirmed = Decision.objects.filter(
        occurrence__account=account, outcome=Decision.Outcome.CONFIRMED, superseded_by__isnull=True
    )
    if case is not None:
        confirmed = confirmed.filter(case=case)
    return (confirmed if beside is None else confirmed.exclude(pk=beside.pk)).exists()
