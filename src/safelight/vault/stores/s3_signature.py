"""AWS Signature Version 4 for the few bucket questions that the client library does not offer.

After "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" of the Amazon S3 API
reference, for requests without a body.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from safelight.vault.stores.s3_settings import S3Settings

_NO_BODY: Final = hashlib.sha256(b"").hexdigest()
_SIGNED: Final = "host;x-amz-content-sha256;x-amz-date"


def signed_headers(
    settings: S3Settings, method: str, path: str, query: str, now: datetime | None = None
) -> dict[str, str]:
    """The headers that authenticate a request for an encoded path and a sorted, encoded query."""
    at = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    host = urlsplit(settings.endpoint).netloc
    request = "\n".join(
        [
            method,
            path,
            query,
            f"host:{host}",
            f"x-amz-content-sha256:{_NO_BODY}",
            f"x-amz-date:{at}",
            "",
            _SIGNED,
            _NO_BODY,
        ]
    )
    scope = f"{at[:8]}/{settings.region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = b"AWS4" + settings.secret_access_key.encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return {
        "x-amz-content-sha256": _NO_BODY,
        "x-amz-date": at,
        "Authorization": (
            f"AWS4-HMAC-SHA256 Credential={settings.access_key_id}/{scope}, "
            f"SignedHeaders={_SIGNED}, Signature={signature}"
        ),
    }
