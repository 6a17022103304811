"""The bare server to measure against: Flask, pdqhash and a flat faiss index, with none of our safety.

``server_peer.py PORT HASHES WORKERS`` serves with granian, as we do. No keys, no sandbox, no digests, no
record of anything: what a platform's engineer writes in an afternoon.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import faiss
import numpy as np
import pdqhash
from flask import Flask, jsonify, request
from PIL import Image

HASHES = "BENCH_HASHES"
RADIUS = 31

app = Flask(__name__)
_index = faiss.IndexBinaryFlat(256)
if HASHES in os.environ:
    _index.add(np.fromfile(os.environ[HASHES], np.uint8).reshape(-1, 32))


def _matches(value):
    limits, distances, rows = _index.range_search(value.reshape(1, 32), RADIUS + 1)
    found = zip(rows[: limits[1]], distances[: limits[1]], strict=True)
    return jsonify(matches=[{"row": int(row), "distance": int(distance)} for row, distance in found])


@app.get("/healthz")
def healthz():
    return "alive\n"


@app.post("/image")
def image():
    picture = np.asarray(Image.open(io.BytesIO(request.get_data())).convert("RGB"))
    bits, _quality = pdqhash.compute(picture)
    return _matches(np.packbits(bits))


@app.post("/hash")
def hash_():
    return _matches(np.frombuffer(bytes.fromhex(request.get_json()["pdq"]), np.uint8))


def main():
    from granian.constants import Interfaces
    from granian.server import Server

    port, hashes, workers = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    os.environ[HASHES] = str(hashes)
    Server(
        "server_peer:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=int(os.environ.get("PEER_THREADS", "1")),
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
