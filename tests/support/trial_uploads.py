"""A platform that uploads benign pictures over HTTP, and repeats each until it is acknowledged."""

from __future__ import annotations

import hashlib
import http.client
import io
import itertools
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from pictures import draw
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from serving import Server

MARK = b"BENIGN-PLAINTEXT-THAT-MUST-NOT-BE-FOUND"
"""Lies uncompressed in every picture."""


def picture(seed: int, image: Image.Image | None = None) -> bytes:
    """A picture of shapes that carries :data:`MARK`."""
    text = PngInfo()
    text.add_text("Comment", f"{MARK.decode()} {seed}")
    written = io.BytesIO()
    (image or draw(160, 120, seed=seed)).save(written, "PNG", pnginfo=text, compress_level=1)
    return written.getvalue()


@dataclass(frozen=True)
class Pictures:
    """What is uploaded: some listed by digest, some that look like a listed one, the rest on no list."""

    listed: tuple[bytes, ...]
    alike: tuple[bytes, ...]
    others: tuple[bytes, ...]

    @classmethod
    def drawn(cls, others: int = 60) -> Pictures:
        alike = [picture(1000 + seed, draw(160, 120, seed=seed).resize((150, 112))) for seed in range(4)]
        return cls(
            tuple(picture(seed) for seed in range(8)),
            tuple(alike),
            tuple(picture(seed) for seed in range(2000, 2000 + others)),
        )

    def any(self, choice: random.Random) -> bytes:
        """One of them; every second one is on the list or looks like one that is."""
        among = choice.choices([self.listed, self.alike, self.others], [3, 1, 4])[0]
        return choice.choice(among)

    def hash_list(self) -> str:
        """The lines of a list that knows the listed ones, by digest and by look."""
        from pictures import oracle

        digests = [f"sha256 {hashlib.sha256(content).hexdigest()}" for content in self.listed]
        looks = [f"pdq {oracle(draw(160, 120, seed=seed))[0][0]}" for seed in range(4)]
        return "\n".join([*digests, *looks]) + "\n"

    def must_not_be_clear(self) -> set[str]:
        return {hashlib.sha256(content).hexdigest() for content in (*self.listed, *self.alike)}


@dataclass(frozen=True)
class Acknowledged:
    """An upload that was answered with a verdict."""

    key: str
    intake: str
    outcome: str
    sha256: str


@dataclass
class Platform:
    """Several senders at once. ``refused`` counts what was answered, or not answered, before a repetition."""

    server: Server
    token: str
    pictures: Pictures
    accounts: int = 12
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, senders: int = 6, *, pause: float = 0.0) -> None:
        """Upload from that many threads, each waiting ``pause`` seconds after an acknowledgement."""
        self._over.clear()
        self._threads = [threading.Thread(target=self._send, args=(n, pause)) for n in range(senders)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every sender finish the upload it is at."""
        self._over.set()
        for thread in self._threads:
            thread.join(180)
            assert not thread.is_alive(), "an upload was never acknowledged"

    def _send(self, number: int, pause: float) -> None:
        choice = random.Random(number)
        while not self._over.is_set():
            self.upload(self.pictures.any(choice), f"u{choice.randrange(self.accounts)}")
            self._over.wait(pause)

    def upload(self, content: bytes, account: str = "u0") -> Acknowledged:
        """One upload, repeated with its idempotency key until it is acknowledged."""
        key = f"upload-{next(self._numbers)}"
        until = time.monotonic() + 170
        while time.monotonic() < until:
            told = self.post(key, content, account)
            if told is not None:
                self.acknowledged.append(told)
                return told
            time.sleep(0.1)
        raise AssertionError(f"{key} was never acknowledged: {self.refused}")

    def post(self, key: str, content: bytes, account: str) -> Acknowledged | None:
        """One request; None where it was not acknowledged."""
        try:
            status, body = self._request(key, content, account)
        except (OSError, http.client.HTTPException) as error:
            self.refused[type(error).__name__] += 1
            return None
        if status not in {200, 202}:
            self.refused[str(status)] += 1
            return None
        told = json.loads(body)
        self.reasons[f"{told['outcome']} {told['reason'] or ''}".strip()] += 1
        return Acknowledged(key, told["id"], told["outcome"], hashlib.sha256(content).hexdigest())

    def _request(self, key: str, content: bytes, account: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            headers = {
                "Host": f"localhost:{self.server.port}",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/octet-stream",
                "Idempotency-Key": key,
                "Safelight-Context": json.dumps({"account": account}),
            }
            connection.request("POST", "/api/v1/scan", content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def clear_though_listed(self) -> int:
        """Answers that nobody may ever give."""
        listed = self.pictures.must_not_be_clear()
        return sum(told.outcome == "clear" and told.sha256 in listed for told in self.acknowledged)
