#!/usr/bin/env bash
# Makes the virtual environment, installing Debian packages first where they are missing and we may.
set -euo pipefail
venv=$1 lock=$2

packages=(python3-venv python3-dev g++ libjpeg62-turbo-dev libspng-dev libwebp-dev libarchive13)
if command -v dpkg-query >/dev/null; then
  missing=()
  for p in "${packages[@]}"; do
    # A Python that is not Debian's brings its own venv and headers.
    case $p in python3-*) python3 -c 'import venv, ensurepip, sysconfig, pathlib, sys
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' 2>/dev/null && continue ;;
      # A later Debian calls the package libarchive13t64; what counts is the library.
      libarchive13) /sbin/ldconfig -p | grep -q 'libarchive\.so\.13' && continue ;; esac
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
  done
  if ((${#missing[@]})); then
    if ((EUID == 0)); then as_root=(); elif command -v sudo >/dev/null; then as_root=(sudo); else
      echo "Missing Debian packages. As root, run: apt-get install ${missing[*]}" >&2; exit 1
    fi
    echo "Installing ${missing[*]} ..."
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
else
  echo "Not Debian: please see to it that a C++17 compiler, libjpeg-turbo, libspng and libwebp headers, and libarchive, are installed."
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Safelight needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing the locked Python packages ..."
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$lock"
