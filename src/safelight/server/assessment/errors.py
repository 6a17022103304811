"""Why an assessment was not taken as given. The messages are for the person who tried."""

from __future__ import annotations

from safelight.errors import SafelightError


class AssessmentError(SafelightError):
    """The base of this room's refusals."""


class NotOpen(AssessmentError):
    """Somebody else took this opinion, it was given, or it is not wanted any more."""


class NotYours(AssessmentError):
    """Who answered already cannot be the second to answer."""


class OpinionsMissing(AssessmentError):
    """The policy wants more people to answer before this is decided."""


class AnswerNeeded(AssessmentError):
    """A scheme's code does not follow from the answers, and was not given."""
