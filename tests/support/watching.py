"""Notes whatever a browser complains of, what its content policy refuses, and every host that it asks."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`content policy: ${event.violatedDirective} refused ${event.blockedURI}`);
});
"""


class Watch:
    """Everything that went wrong in one browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.elsewhere: set[str] = set()
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", self._failed)
        context.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")

    def _failed(self, error: WebError) -> None:
        self.complaints.append(str(error.error))

    def _asked(self, request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host not in {"localhost", None}:
            self.elsewhere.add(host)
