"""Plain words for the closed lists of the core: what a reader sees in place of ``too_many_pixels``."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, dict[str, Promise | str]]] = {
    "outcome": {
        "match": _("match"),
        "hold": _("hold"),
        "clear": _("clear"),
        "unscanned": _("unscanned"),
        "report": _("reported"),
    },
    "reason": {
        "no_list": _("no list to compare with"),
        "empty": _("the file is empty"),
        "unsupported": _("a format that this installation does not decode"),
        "not_installed": _("the library that decodes it is not installed"),
        "damaged": _("damaged: the decoder refused it"),
        "truncated": _("cut short: only a part could be read"),
        "encrypted": _("needs a password"),
        "too_large": _("more bytes than allowed"),
        "too_many_pixels": _("more pixels than allowed"),
        "too_many_parts": _("more frames, pages or members than allowed"),
        "timeout": _("decoding took too long"),
        "out_of_memory": _("decoding needed too much memory"),
        "crashed": _("the decoder died"),
        "bad_reply": _("the decoder's answer made no sense"),
        "sandbox_unavailable": _("no sandbox to decode in"),
        "not_a_file": _("not a file"),
        "unreadable": _("could not be read"),
        "changed": _("changed while it was read"),
        "not_permitted": _("not permitted on this surface"),
        "not_yet": _("waits for its turn"),
        "dependency_down": _("a store or an index did not answer"),
    },
    "class": {
        "csam": _("CSAM"),
        "exploitative": _("exploitative"),
        "ncii": _("intimate images without consent"),
        "ai_csam": _("AI-generated CSAM"),
        "model": _("model files"),
        "known_good": _("known good"),
        "self_reported": _("self-reported"),
        "test": _("test"),
    },
    "state": {
        "open": _("open"),
        "decided": _("decided"),
        "finished": _("finished"),
        "merged": _("merged"),
    },
    "standing": {
        "undecided": _("undecided"),
        "dismissed": _("dismissed"),
        "unfinished": _("to be reported"),
        "context": _("context of a report"),
        "reported": _("reported"),
    },
    "bundle": {
        "asked": _("waits for a second person"),
        "released": _("being made"),
        "made": _("ready"),
        "removed": _("removed"),
        "refused": _("refused"),
        "expired": _("expired"),
    },
    "came_by": {
        "upload": _("upload"),
        "user_report": _("user report"),
        "trusted_flagger": _("trusted flagger"),
        "police_request": _("police request"),
        "public_url_report": _("public report of an address"),
        "text": _("text"),
        "by_hand": _("entered by hand"),
        "hash": _("hash only"),
    },
    "account_role": {
        "unknown": _("unknown"),
        "uploader": _("uploader"),
        "recipient": _("recipient"),
        "victim": _("victim"),
        "compromised": _("taken over by somebody else"),
    },
    "role": {
        "reviewer": _("reviewer"),
        "senior_reviewer": _("senior reviewer"),
        "reporter": _("reporter"),
        "list_manager": _("list manager"),
        "lead": _("lead"),
        "auditor": _("auditor"),
        "administrator": _("administrator"),
    },
    "decision": {
        "confirmed": _("confirmed"),
        "dismissed": _("dismissed"),
        "escalated": _("escalated"),
        "asked": _("platform asked"),
        "held": _("on hold"),
    },
    "report": {
        "draft": _("draft"),
        "sending": _("being sent"),
        "stopped": _("stopped"),
        "finished": _("finished"),
        "discarded": _("discarded"),
    },
    "reporting": {
        "nothing_confirmed": _("nothing to report"),
        "not_reported": _("NOT REPORTED"),
        "drafted": _("NOT REPORTED: a draft"),
        "sending": _("NOT REPORTED yet: being sent"),
        "stopped": _("NOT REPORTED: stopped"),
        "reported": _("reported"),
    },
    "detail": {},  # open: what a reader found, named by the reader
    "grade": {
        "verified": _("verified"),
        "signed": _("signed"),
        "decoded": _("decoded"),
        "claimed": _("claimed"),
        "damaged": _("damaged"),
    },
    "visibility": {
        "unknown": _("not told"),
        "public": _("public"),
        "shared": _("shared with some"),
        "private": _("private"),
    },
    "audience": {
        "uploader": _("uploader: learns nothing"),
        "server": _("server: learns the verdict"),
    },
    "signal": {
        "md5": "MD5",
        "sha1": "SHA-1",
        "sha256": "SHA-256",
        "pdq": "PDQ",
        "vpdq": "vPDQ",
        "autov1": "AutoV1",
        "autov2": "AutoV2",
        "autov3": "AutoV3",
        "t1": "T1",
        "t16": "T16",
        "tsid": "TSID",
        "sketch": _("order of a tensor"),
    },
    "model_level": {
        "same_weights": _("the same weights"),
        "other_precision": _("the same weights in another precision"),
        "derived": _("a derived copy"),
        "lead": _("a lead: for a person to look into"),
    },
    "job": {
        "due": _("waiting"),
        "leased": _("at work"),
        "done": _("done"),
        "dead": _("given up"),
    },
    "held": {
        "too_many_hits": _("more hits than expected"),
        "too_many_dismissed": _("more dismissals than expected"),
        "hits_everything": _("matches far too many files"),
        "review_overdue": _("its review is overdue"),
    },
    "set_apart": {
        "placeholder": _("a placeholder, not the hash of a file"),
        "near_constant": _("the hash of a picture without content"),
    },
    "severity": {
        "page": _("now"),
        "today": _("today"),
        "soon": _("soon"),
    },
    "delivery": {
        "waiting": _("waiting"),
        "delivered": _("delivered"),
        "dead": _("given up"),
    },
    "call": {
        "submit": _("open"),
        "upload": _("send file"),
        "fileinfo": _("describe file"),
        "finish": _("finish"),
        "retract": _("take back"),
        "restart": _("somebody let it go on"),
        "told_finished": _("the hotline was asked, and says it was finished"),
    },
    "attempt": {
        "pending": _("is being asked"),
        "acknowledged": _("acknowledged"),
        "not_sent": _("was not sent"),
        "failed": _("failed, and did nothing"),
        "lost": _("lost: nobody knows whether the hotline acted"),
        "credentials": _("name or password refused"),
        "refused": _("refused"),
        "report_gone": _("the hotline has no such report any more"),
        "file_gone": _("the hotline has no such file"),
        "retracted": _("was taken back before"),
        "finished": _("was finished before"),
        "differs": _("the file arrived altered"),
        "unknown": _("an answer that nobody documented"),
    },
    "stopped": {
        "credentials": _("The hotline refuses this server's name and password."),
        "refused": _("The hotline refused it. Mend what it names."),
        "finish_unknown": _(
            "Nobody here can know whether it was finished. Ask the hotline, quoting the Request-ID below. Let"
            " it go on only if they say that it was not finished."
        ),
        "differs": _("A file arrived altered again and again. Look at the line and at the evidence store."),
        "unknown": _("The hotline gave an answer that nobody documented. Ask it what that means."),
        "restored": _(
            "The server was restored from a backup, and what was sent since is not known here. Ask the"
            " hotline whether this was finished. Let it go on only if they say that it was not."
        ),
        "environment": _("The settings do not allow it to be sent as it is."),
        "unprepared": _("What is to be sent could not be opened."),
    },
    "address": {
        "upload": _("upload from"),
        "login": _("signed in from"),
        "registration": _("registered from"),
        "purchase": _("bought from"),
        "other": _("seen from"),
        "unknown": _("seen from"),
    },
    "kind": {
        "image": _("picture"),
        "video": _("video"),
        "audio": _("audio"),
        "archive": _("archive"),
        "document": _("document"),
        "model_file": _("model file"),
        "text": _("text"),
        "unknown": _("unknown"),
    },
}
"""By what is named, then by the stored value. A value that is missing here is shown as it is stored."""


def in_words(value: object, what: str) -> str:
    """The words for a stored value: ``in_words("too_large", "reason")``."""
    return str(WORDS[what].get(str(value), str(value).replace("_", " ")))
