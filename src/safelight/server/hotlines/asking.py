"""One request to the hotline, from its step to what came back. Nothing here writes to the database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from safelight.errors import NeverAsked, NoAnswer
from safelight.hotlines.cybertipline.answers import Answer
from safelight.hotlines.cybertipline.client import Client, Uploaded
from safelight.hotlines.cybertipline.outcomes import Call, Outcome, outcome_of
from safelight.hotlines.cybertipline.steps import Ask
from safelight.hotlines.cybertipline.xml import file_details_xml, report_xml
from safelight.server.hotlines.evidence import Evidence, open_evidence
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.hotlines.sealed import content, details
from safelight.server.people.actors import Actor


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that a request needs, so that nothing of ours can fail once it is written down as begun."""

    ask: Ask
    document: bytes = b""
    evidence: Evidence | None = None
    name: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the document, hexadecimal; empty where none is sent."""
        return hashlib.sha256(self.document).hexdigest() if self.document else ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended. ``answer`` is None where none came; ``told`` says so in words."""

    outcome: Outcome
    answer: Answer | None
    told: str


def prepare(actor: Actor, report: Report, ask: Ask) -> Prepared:
    """Open what is to be sent.

    Raises :class:`~safelight.errors.ReportInvalid`, :class:`~.errors.EvidenceGone` and ``KeyMismatch``.
    """
    match ask.call:
        case Call.SUBMIT:
            return Prepared(ask, document=report_xml(content(report)))
        case Call.UPLOAD:
            file = _file(report, ask)
            name = details(file).file_name or f"file-{file.position + 1}"
            return Prepared(ask, evidence=open_evidence(actor, report, file), name=name)
        case Call.DESCRIBE:
            told = details(_file(report, ask))
            document = file_details_xml(told, report_id=int(ask.report_id), file_id=ask.file_id)
            return Prepared(ask, document=document)
        case _:
            return Prepared(ask)


def send(client: Client, prepared: Prepared) -> Ended:
    """Send it, once. Never raises for what the hotline or the line does."""
    ask = prepared.ask
    try:
        answered = _call(client, prepared)
    except NeverAsked as error:
        return Ended(Outcome.NOT_SENT, None, str(error))
    except NoAnswer as error:
        return Ended(Outcome.LOST, None, str(error))
    if isinstance(answered, Uploaded):
        outcome = outcome_of(ask.call, answered.answer, md5=answered.md5)
        return Ended(outcome, answered.answer, answered.answer.told())
    return Ended(outcome_of(ask.call, answered), answered, answered.told())


def _call(client: Client, prepared: Prepared) -> Answer | Uploaded:
    ask = prepared.ask
    match ask.call:
        case Call.SUBMIT:
            return client.submit(prepared.document)
        case Call.UPLOAD:
            assert prepared.evidence is not None
            found = prepared.evidence
            return client.upload(ask.report_id, prepared.name, found.pieces(), found.length)
        case Call.DESCRIBE:
            return client.describe(prepared.document)
        case Call.FINISH:
            return client.finish(ask.report_id)
        case Call.RETRACT:
            return client.retract(ask.report_id)


def _file(report: Report, ask: Ask) -> ReportFile:
    assert ask.file is not None
    return report.files.select_related("item").get(position=ask.file)
