"""What is handed out is what was recorded, opens for the recipient alone, and says who signed it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from safelight.bundle.layout import item_name
from safelight.bundle.reading import unpack_bundle, verify_bundle
from safelight.bundle.summary import summary
from safelight.bundle.writing import write_bundle
from safelight.errors import BundleDamaged, BundleLocked, UsageError


def test_the_recipient_finds_it_whole_and_trusts_the_fingerprint_that_they_were_told(maker: Any) -> None:
    raw, sealed = maker.made()
    assert (sealed.sha256, sealed.size) == (hashlib.sha256(raw).hexdigest(), len(raw))
    found = verify_bundle(io.BytesIO(raw), maker.identity, signer=maker.signer.verifier.fingerprint)
    assert found.is_whole
    assert found.is_trusted
    assert found.description == maker.description()


def test_without_the_fingerprint_nothing_is_said_about_who_signed(maker: Any) -> None:
    raw, _ = maker.made()
    found = verify_bundle(io.BytesIO(raw), maker.identity)
    assert found.is_whole
    assert not found.is_trusted


def test_another_signer_than_expected_is_told(maker: Any) -> None:
    raw, _ = maker.made()
    found = verify_bundle(io.BytesIO(raw), maker.identity, signer="SHA256:" + "A" * 43)
    assert not found.is_whole
    assert not found.is_trusted


def test_nobody_else_opens_it(maker: Any) -> None:
    import pyrage

    raw, _ = maker.made()
    with pytest.raises(BundleLocked):
        verify_bundle(io.BytesIO(raw), pyrage.x25519.Identity.generate())


def test_what_is_opened_is_what_was_put_in(maker: Any, tmp_path: Path) -> None:
    raw, _ = maker.made()
    into = tmp_path / "opened"
    assert unpack_bundle(io.BytesIO(raw), maker.identity, into).is_whole
    assert into.stat().st_mode & 0o777 == 0o700
    for number, content in enumerate(maker.files, 1):
        assert (into / item_name(number)).read_bytes() == content


def test_what_does_not_hold_is_not_left_behind(maker: Any, tmp_path: Path) -> None:
    raw, _ = maker.made()
    into = tmp_path / "opened"
    assert not unpack_bundle(io.BytesIO(raw), maker.identity, into, signer="SHA256:other").is_whole
    assert not into.exists()
    with pytest.raises(BundleDamaged):
        unpack_bundle(io.BytesIO(raw[:-1]), maker.identity, into)
    assert not into.exists()


def test_a_file_that_is_not_the_recorded_one_stops_the_making(maker: Any) -> None:
    wrong = [[bytes(len(maker.files[0]))], [b""]]
    with pytest.raises(BundleDamaged, match="items/0001"):
        write_bundle(io.BytesIO(), maker.recipient, maker.signer, maker.content(wrong))
    short = [[maker.files[0][:-1]], [b""]]
    with pytest.raises(BundleDamaged, match="items/0001"):
        write_bundle(io.BytesIO(), maker.recipient, maker.signer, maker.content(short))


def test_what_the_vault_raises_while_it_streams_arrives(maker: Any) -> None:
    def breaking() -> Any:
        yield b"a benign"
        raise OSError("the vault was killed")

    with pytest.raises(OSError, match="was killed"):
        write_bundle(io.BytesIO(), maker.recipient, maker.signer, maker.content([breaking(), [b""]]))


def test_it_is_sealed_to_the_recipient_that_it_names_and_to_no_other(maker: Any) -> None:
    maker.changes = {"recipient_fingerprint": "SHA256:" + "A" * 43}
    with pytest.raises(UsageError):
        maker.made()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_summary_tells_who_and_has_no_imagery_link_or_script(maker: Any) -> None:
    hostile = '"><img src=x onerror=alert(1)><a href=http://x>'
    maker.changes = {
        "recipient": hostile,
        "purpose": hostile,
        "asked_by": hostile,
        "finished_reports": (hostile,),
    }
    page = summary(maker.description())
    seen = _Tags()
    seen.feed(page)
    assert seen.tags <= set(PLAIN.split())
    assert not seen.attributes & {"src", "href", "srcset", "onerror", "background"}
    assert "default-src 'none'" in page
    assert "url(" not in page
    for told in (maker.recipient.fingerprint, maker.signer.verifier.fingerprint, "Released by"):
        assert told in page


PLAIN = "html head meta title style body h1 h2 h3 p code br table thead tbody tr th td"
MEMORY = """
import io, os, resource, sys
sys.path.insert(0, sys.argv[1])
import conftest, hashlib, pyrage
from safelight.bundle.recipients import RecipientKey
from safelight.bundle.writing import write_bundle
from safelight.bundle.reading import verify_bundle
size, piece = int(sys.argv[2]), bytes(1 << 20)
digest = hashlib.sha256()
for _ in range(size >> 20): digest.update(piece)
identity = pyrage.x25519.Identity.generate()
maker = conftest.Maker(identity, RecipientKey(str(identity.to_public())), files=(b"",))
digests = {"sha256": digest.hexdigest()}
item = maker.description().items[0].model_copy(update={"size": size, "digests": digests})
maker.changes = {"items": (item,)}
read, write = os.pipe()
if os.fork() == 0:
    os.close(read)
    with open(write, "wb") as out:
        write_bundle(out, maker.recipient, maker.signer, maker.content([(piece for _ in range(size >> 20))]))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
    os._exit(0)
os.close(write)
with open(read, "rb") as source:
    assert verify_bundle(source, identity).is_whole
os.wait()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peaks(mib: int) -> list[int]:
    here = str(Path(__file__).parent)
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, here, str(mib << 20)], capture_output=True, text=True, check=True
    )
    return [int(line) for line in ran.stdout.split()]


def test_memory_does_not_grow_with_the_files() -> None:
    small, large = _peaks(1), _peaks(200)
    for a_little, a_lot in zip(small, large, strict=True):
        assert a_lot - a_little < 40_000, "KiB more for 199 MiB more"
