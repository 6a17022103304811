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

from pictures import draw, oracle
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from serving import Server

MARK = b"BENIGN-PLAINTEXT-THAT-MUST-NOT-BE-FOUND"
"""Lies uncompressed in every picture."""

LONGEST_SECONDS = 170.0
"""An upload that is not acknowledged by then never will be."""


def picture(seed: int, image: Image.Image | None = None) -> bytes:
    """A picture of shapes that carries :data:`MARK`."""
    text = PngInfo()
    text.add_text("Comment", f"{MARK.decode()} {seed}")
    written = io.BytesIO()
    (image or draw(160, 120, seed=seed)).save(written, "PNG", pnginfo=text, compress_level=1)
    return written.getvalue()


@dataclass(frozen=True)
class Picture:
    """One to upload. ``listed``: a list knows it, by digest or by look, so it must never be *clear*."""

    content: bytes
    listed: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Pictures:
    """What is uploaded: some listed by digest, some that look like a listed one, the rest on no list."""

    listed: tuple[Picture, ...]
    others: tuple[Picture, ...]
    looks: tuple[Image.Image, ...]

    @classmethod
    def drawn(cls, listed: int = 30, others: int = 60) -> Pictures:
        return cls(
            tuple(Picture(picture(seed), listed=True) for seed in range(listed)),
            tuple(Picture(picture(seed), listed=False) for seed in range(10_000, 10_000 + others)),
            tuple(draw(160, 120, seed=seed) for seed in range(4)),
        )

    def any(self, choice: random.Random) -> Picture:
        """One of them; every second one is listed, and every sixth is a file that nobody had before."""
        what = choice.choices(["listed", "alike", "other"], [2, 1, 3])[0]
        if what == "alike":
            look = choice.choice(self.looks).resize((150, 112))
            return Picture(picture(choice.getrandbits(48), look), listed=True)
        return choice.choice(self.listed if what == "listed" else self.others)

    def hash_list(self) -> str:
        """The lines of a list that knows the listed ones."""
        digests = [f"sha256 {one.sha256}" for one in self.listed]
        return "\n".join([*digests, *(f"pdq {oracle(look)[0][0]}" for look in self.looks)]) + "\n"


@dataclass(frozen=True)
class Acknowledged:
    """An upload that was answered with a verdict."""

    key: str
    intake: str
    outcome: str
    sha256: str
    listed: bool


@dataclass
class Platform:
    """Several senders at once. ``refused`` counts what was answered, or not answered, before a repetition."""

    server: Server
    token: str
    pictures: Pictures
    accounts: int = 150
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    never: list[str] = field(default_factory=list)
    to_repeat: dict[str, Picture] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, senders: int = 6, *, pause: float = 0.0) -> None:
        """Upload from that many threads, each waiting ``pause`` seconds after an acknowledgement."""
        self._over.clear()
        self._threads = [
            threading.Thread(target=self._send, args=(n, pause), daemon=True) for n in range(senders)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every sender finish the upload it is at."""
        self._over.set()
        for thread in self._threads:
            thread.join(LONGEST_SECONDS + 10)
        assert not self.never
        assert not any(thread.is_alive() for thread in self._threads)

    def _send(self, number: int, pause: float) -> None:
        choice = random.Random(number)
        while not self._over.is_set():
            try:
                self.upload(self.pictures.any(choice), f"u{choice.randrange(self.accounts)}")
            except AssertionError as error:
                self.never.append(str(error))
                return
            self._over.wait(pause)

    def upload(self, picture: Picture, account: str = "u0") -> Acknowledged:
        """One upload, repeated with its idempotency key until it is acknowledged."""
        number = next(self._numbers)
        key = f"upload-{number}"
        until = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < until and not self.server.ended:
            told = self.post(key, picture, account)
            if told is not None:
                self.acknowledged.append(told)
                if number % 40 == 0:
                    self.to_repeat[key] = picture
                return told
            time.sleep(0.1)
        raise AssertionError(f"{key} was never acknowledged: {self.refused}")

    def post(self, key: str, picture: Picture, account: str = "u0") -> Acknowledged | None:
        """One request; None where it was not acknowledged."""
        try:
            status, body = self._request(key, picture.content, account)
        except (OSError, http.client.HTTPException) as error:
            self.refused[type(error).__name__] += 1
            return None
        if status not in {200, 202}:
            self.refused[str(status)] += 1
            return None
        told = json.loads(body)
        return Acknowledged(key, told["id"], told["outcome"], picture.sha256, picture.listed)

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

    def answered_differently(self) -> list[str]:
        """Keys whose repetition, now, is not answered as it was acknowledged."""
        known = {told.key: told for told in self.acknowledged}
        return [
            key
            for key, picture in self.to_repeat.items()
            if key in known and self.post(key, picture) != known[key]
        ]

    def clear_though_listed(self) -> int:
        """Answers that nobody may ever give."""
        return sum(told.outcome == "clear" and told.listed for told in self.acknowledged)
