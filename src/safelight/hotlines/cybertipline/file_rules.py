"""The CyberTipline's rules about what is told of one file."""

from __future__ import annotations

from collections.abc import Iterator

from safelight.hotlines.codes import FileFlag, FileRelevance
from safelight.hotlines.files import FileDetails
from safelight.hotlines.findings import Finding


def of_file(path: str, details: FileDetails, *, shares_hashes: bool) -> Iterator[Finding]:
    """``shares_hashes``: the operator signed the industry's agreement on sharing hashes."""
    if details.exif_viewed_by_esp and not details.viewed_by_esp:
        yield Finding(
            "exif-without-file",
            f"{path}.exif_viewed_by_esp",
            "The service takes no viewed metadata of a file that was not viewed. Leave both out.",
        )
    if details.potential_meme is not None and details.annotations:
        yield Finding(
            "meme-twice",
            f"{path}.potential_meme",
            "Potential meme is told by the annotation or by the older field, never both.",
        )
    if details.industry_classification is not None and not shares_hashes:
        yield Finding(
            "agreement-not-signed",
            f"{path}.industry_classification",
            "Only companies that signed the Industry Hash Sharing agreement classify. Leave it out, or set"
            " reporting.shares_hashes once you signed.",
        )
    if details.relevance is FileRelevance.SUPPLEMENTAL:
        if details.potential_meme is not None or FileFlag.POTENTIAL_MEME in details.annotations:
            yield Finding(
                "supplemental-meme",
                f"{path}.annotations",
                "A supplemental file cannot be a potential meme. Take one of the two back.",
            )
        if details.industry_classification is not None:
            yield Finding(
                "supplemental-classified",
                f"{path}.industry_classification",
                "A supplemental file is not classified. Take one of the two back.",
            )
