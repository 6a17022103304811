#!/usr/bin/env bash
# Makes the virtual environment, installing Debian packages first where they are missing and we may.
set -euo pipefail
venv=$1 lock=$2

"$(dirname "$0")/debian.sh" python3-venv python3-dev g++ libjpeg62-turbo-dev libspng-dev libwebp-dev libarchive13 libchromaprint1 faketime age

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Safelight needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing the locked Python packages ..."
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$lock"
