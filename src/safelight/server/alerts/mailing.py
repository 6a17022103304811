"""The one place that sends mail. A mail names what kind of thing is wrong and what to do: nothing else."""

from __future__ import annotations

import smtplib
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from safelight.server.alerts.errors import MailNotSent
from safelight.server.alerts.kinds import MEANINGS, Kind, Severity
from safelight.server.alerts.models import Alert
from safelight.server.config import Config, Mail

SECONDS: Final = 10
_BACKEND: Final = "django.core.mail.backends.smtp.EmailBackend"
_MARKS: Final = {Severity.PAGE: "NOW", Severity.TODAY: "today", Severity.SOON: "soon"}


def send_mail(alert: Alert) -> None:
    """Mail an alert to every recipient. Raises :class:`MailNotSent`; does nothing where no mail is set up."""
    config: Config = settings.CONFIG
    if config.mail is not None:
        try:
            message_of(alert, config, config.mail).send()
        except (smtplib.SMTPException, OSError) as error:
            raise MailNotSent(f"The mail server did not take the message ({type(error).__name__}).") from None


def message_of(alert: Alert, config: Config, mail: Mail) -> EmailMessage:
    """The mail, built from constants and times, so that nothing of a case or a list can be in it."""
    meaning = MEANINGS[Kind(alert.kind)]
    told = f" This was told {alert.told} times; nobody has acknowledged it." if alert.told > 1 else ""
    body = (
        f"{meaning.sentence}\n\n{meaning.next_step}\n\n"
        f"Since {alert.raised_at:%Y-%m-%d %H:%M} UTC.{told}\n{config.public_url}\n"
    )
    return EmailMessage(
        subject=f"[Safelight] {_MARKS[meaning.severity]}: {meaning.sentence}",
        body=body,
        from_email=mail.sender,
        to=list(mail.recipients),
        # A mail of the same alert belongs to the same thread, and no out-of-office notice answers it.
        headers={"References": f"<alert.{alert.pk}@safelight>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(
            _BACKEND,
            host=mail.host,
            port=mail.port,
            username=mail.username or None,
            password=mail.password.get_secret_value() or None,
            use_tls=mail.encryption == "starttls",
            use_ssl=mail.encryption == "tls",
            timeout=SECONDS,
        ),
    )
