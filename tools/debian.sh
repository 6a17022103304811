#!/usr/bin/env bash
# Installs the Debian packages named as arguments, where they are missing and we may; says what to run where not.
set -euo pipefail
command -v dpkg-query >/dev/null || { echo "Not Debian: please see to it that there is: $*" >&2; exit 0; }

missing=()
for p in "$@"; do
  # A Python that is not Debian's brings its own venv and headers.
  case $p in python3-*) python3 -c 'import venv, ensurepip, sysconfig, pathlib, sys
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' 2>/dev/null && continue ;;
    # A later Debian calls the package libarchive13t64; what counts is the library.
    libarchive13) /sbin/ldconfig -p | grep -q 'libarchive\.so\.13' && continue ;; esac
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done
((${#missing[@]})) || exit 0
if ((EUID == 0)); then as_root=(); elif command -v sudo >/dev/null; then as_root=(sudo); else
  echo "Missing Debian packages. As root, run: apt-get install ${missing[*]}" >&2; exit 1
fi
echo "Installing ${missing[*]} ..."
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
