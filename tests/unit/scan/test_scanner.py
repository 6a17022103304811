"""A scanner follows long videos as it was told to, unless a file has a watch of its own."""

from __future__ import annotations

from videos import Video

from safelight.lists import HashList
from safelight.media.video import Watch
from safelight.scan.scanner import Scanner
from safelight.types import ListClass


def test_every_video_is_followed_as_the_scanner_was_told() -> None:
    hashes = HashList("some", ListClass.TEST)
    hashes.add("md5", "0" * 31 + "1", key="k")
    content = Video(scenes=(1,), seconds=0.5).bytes()
    usual: list[float] = []
    own: list[float] = []
    with Scanner(lists=[hashes], watch=Watch(lambda done, _: usual.append(done))) as scanner:
        scanner.scan(content)
        assert len(usual) == 1
        scanner.scan(content, watch=Watch(lambda done, _: own.append(done)))
    assert (len(usual), len(own)) == (1, 1)
