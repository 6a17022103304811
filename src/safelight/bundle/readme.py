"""The text that a recipient without Safelight reads first: what lies here, and how to check it."""

from __future__ import annotations

from typing import Final

from safelight.bundle.description import Description

COMMANDS: Final = """\
sha256sum -c SHA256SUMS
openssl pkeyutl -verify -pubin -inkey signing-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
openssl pkey -pubin -in signing-key.pem -outform DER | openssl dgst -sha256 -binary | openssl base64
cd ledger
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.signed -sigfile checkpoint.sig
"""
"""What standard tools check in an opened bundle; the operator's guide shows the same and a test runs it."""

_TEXT: Final = """\
Evidence bundle {id}
for {recipient}

The folder items/ holds evidence in its original form. Possessing it is an offence in most places outside the
purpose it was handed out for. Do not open its files in a browser, a mail program or a file manager that draws
previews; they have no file-name extensions for that reason. summary.html has no pictures.

What lies here
  summary.html   what this is, for people to read
  bundle.json    the same and more, for programs
  context.json   texts, accounts and addresses of the case, where there were any
  ledger/        the record of what was done with this evidence, with proofs (RFC 9162) under a signed head
  items/         the files; bundle.json and summary.html say which is which
  SHA256SUMS     of all files above, signed in SHA256SUMS.sig with the key in signing-key.pem

Check it without Safelight, in this folder (sha256sum, and OpenSSL 3.0 or newer):

{commands}
The first prints OK for every file. The second and the last print "Signature Verified Successfully". The
third prints the fingerprint of the key that signed, with an = at its end; it must be the one that the sender
gave you by another way than this bundle:

  {signer}

With Safelight, from the sealed file, offline:

  safelight bundle verify BUNDLE.age --identity YOUR-KEY-FILE --signer {signer}
"""


def readme(told: Description) -> str:
    """The text of one bundle."""
    commands = "".join(f"  {line}\n" for line in COMMANDS.splitlines())
    return _TEXT.format(id=told.id, recipient=told.recipient, commands=commands, signer=told.signer)
