"""What is told about one file of a report. Its ids are the hotline's, given when it was uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from safelight.hotlines.codes import DetailsType, FileFlag, FileRelevance, IndustryClassification
from safelight.hotlines.contacts import Device, IpEvent
from safelight.hotlines.wire import Form, Wire

_LONG = Wire(long=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHash:
    """A hash of the file as it was found; ``type`` is its usual name: MD5, SHA1, SHA256."""

    value: Annotated[str, Wire(form=Form.TEXT, filled=True)]
    type: Annotated[str, Wire("hashType", Form.ATTRIBUTE, most=64, filled=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameValue:
    """One line of metadata."""

    name: Annotated[str, Wire(most=64, filled=True)]
    value: Annotated[str, _LONG]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Lines of one kind of metadata, at least one."""

    type: Annotated[DetailsType | None, Wire(form=Form.ATTRIBUTE)] = None
    pairs: Annotated[tuple[NameValue, ...], Wire("nameValuePair")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetails:
    """One file. ``viewed_by_esp`` says that a person looked at all of it, as the viewing log has it.

    None leaves a statement out; False asserts its opposite. ``potential_meme`` is the older form of the
    annotation of that name.
    """

    file_name: str | None = None
    original_file_name: Annotated[str | None, Wire(most=2056)] = None
    uploaded_at: Annotated[datetime | None, Wire("uploadedToEspTimestamp", past=True)] = None
    location: Annotated[str | None, Wire("locationOfFile", most=2083, url=True)] = None
    viewed_by_esp: Annotated[bool | None, Wire("fileViewedByEsp")] = None
    exif_viewed_by_esp: Annotated[bool | None, Wire("exifViewedByEsp")] = None
    publicly_available: bool | None = None
    relevance: Annotated[FileRelevance | None, Wire("fileRelevance")] = None
    potential_meme: bool | None = None
    annotations: Annotated[frozenset[FileFlag], Wire("fileAnnotations", Form.FLAGS)] = frozenset()
    industry_classification: IndustryClassification | None = None
    hashes: Annotated[tuple[FileHash, ...], Wire("originalFileHash")] = ()
    ip_event: Annotated[IpEvent | None, Wire("ipCaptureEvent")] = None
    devices: Annotated[tuple[Device, ...], Wire("deviceId")] = ()
    details: tuple[Metadata, ...] = ()
    additional_info: Annotated[tuple[str, ...], _LONG] = ()
