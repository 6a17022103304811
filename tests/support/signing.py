"""A test authority that signs benign files with C2PA manifests, as well or as badly as a test wants."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_BUILDER = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False, "verify_trust": False},
}


def _name(common: str) -> x509.Name:
    attributes = ((NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, "Safelight Tests"))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


@dataclass(frozen=True)
class Signer:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def c2pa(self) -> c2pa.Signer:
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = self.certificate.public_bytes(Encoding.PEM)
        return c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=private, ta_url=None)
        )


class Authority:
    """A root of which tests make trust lists, and who certifies signers."""

    def __init__(self, name: str = "Test Root") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = datetime.now(UTC)
        usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
        self.certificate = (
            self._new(self._name, self._key, now - timedelta(days=900), now + timedelta(days=900))
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.KeyUsage(**usage), True)
            .sign(self._key, SHA256())
        )

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def signer(
        self, name: str = "Test Signer", *, until: timedelta = timedelta(days=90), ocsp: str | None = None
    ) -> Signer:
        """A signer whose certificate can name the address of an OCSP responder."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        usage = dict.fromkeys(_USAGES, False) | {"digital_signature": True}
        places = [x509.UniformResourceIdentifier(ocsp)] if ocsp else []
        access = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place) for place in places]
        builder = (
            self._new(_name(name), key, now - timedelta(days=9), now + until)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.KeyUsage(**usage), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        )
        if access:
            builder = builder.add_extension(x509.AuthorityInformationAccess(access), False)
        return Signer(key, builder.sign(self._key, SHA256()))

    def _new(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(end)
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def manifest(
    source: str | None = "trainedAlgorithmicMedia", *, action: str = "c2pa.created"
) -> dict[str, Any]:
    entry: dict[str, Any] = {"action": action, "softwareAgent": {"name": "Test Model", "version": "3"}}
    if source:
        entry["digitalSourceType"] = SOURCE + source
    return {
        "claim_generator_info": [{"name": "test_tool", "version": "1.2"}],
        "title": "made for a test",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [entry]}}],
    }


def signed(
    content: bytes,
    mime: str,
    signer: Signer,
    definition: dict[str, Any] | None = None,
    *,
    parent: bytes | None = None,
    remote: str | None = None,
) -> bytes:
    """The file with a manifest. ``parent`` is what it was made from, ``remote`` where the manifest lies."""
    builder = c2pa.Builder(definition or manifest(), context=c2pa.Context.from_dict(_BUILDER))
    if parent is not None:
        told = {"title": "the original", "relationship": "componentOf"}
        builder.add_ingredient(json.dumps(told), mime, io.BytesIO(parent))
    if remote is not None:
        builder.set_no_embed()
        builder.set_remote_url(remote)
    out = io.BytesIO()
    builder.sign(signer.c2pa(), mime, io.BytesIO(content), out)
    return out.getvalue()
