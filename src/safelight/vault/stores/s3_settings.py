"""Which bucket, where, and with which credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from safelight.errors import UsageError


@dataclass(frozen=True, slots=True)
class S3Settings:
    """An S3 bucket for evidence.

    ``endpoint`` is the service's base URL; objects are addressed path-style (``endpoint/bucket/name``).
    ``prefix`` is empty or ends in a slash. Credentials are static, so that the start-up check can sign what
    the client library does not offer.
    """

    bucket: str
    endpoint: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
    prefix: str = ""

    def __post_init__(self) -> None:
        if urlsplit(self.endpoint).scheme not in {"http", "https"} or not urlsplit(self.endpoint).hostname:
            raise UsageError(
                f"{self.endpoint!r} is not an S3 endpoint; give one such as https://s3.example.org."
            )
        if self.prefix and not self.prefix.endswith("/"):
            raise UsageError(f"The prefix {self.prefix!r} must end in a slash.")

    @property
    def plain_http(self) -> bool:
        """Whether requests travel unencrypted. Objects are sealed all the same; metadata is not."""
        return urlsplit(self.endpoint).scheme == "http"

    @classmethod
    def from_url(cls, url: str, environ: Mapping[str, str]) -> S3Settings:
        """Read ``s3://bucket/prefix?endpoint=https://…&region=…``; credentials come from the environment.

        ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` are needed. Without an endpoint, Amazon's of the
        region is meant. Raises :class:`~safelight.errors.UsageError`.
        """
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=False).items()}
        unknown = options.keys() - {"endpoint", "region"}
        if parts.scheme != "s3" or not parts.netloc or unknown:
            raise UsageError(
                "The evidence store's URL must look like s3://bucket/prefix?endpoint=https://s3.example.org&region=…"
            )
        try:
            key, secret = environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]
        except KeyError as missing:
            raise UsageError(
                f"Set {missing.args[0]} in the environment to reach the evidence store."
            ) from None
        region = options.get("region", "us-east-1")
        prefix = parts.path.strip("/")
        return cls(
            bucket=parts.netloc,
            endpoint=options.get("endpoint", f"https://s3.{region}.amazonaws.com"),
            access_key_id=key,
            secret_access_key=secret,
            region=region,
            prefix=f"{prefix}/" if prefix else "",
        )
