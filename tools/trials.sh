#!/usr/bin/env bash
# Runs the slow trials with the Python given, and ends with their FIGURE lines; `with-postgres` adds the server's on
# PostgreSQL. The core's run beside the server's, which wait more than they compute.
set -euo pipefail
python=$1
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT

slow() { "$python" -m pytest -n 0 -m slow -s "$@"; }

slow tests --ignore tests/server --ignore tests/faults/server >"$said/core" 2>&1 &
core=$!
failed=0
slow tests/server tests/faults/server 2>&1 | tee "$said/server" || failed=1
wait "$core" || failed=1
cat "$said/core"
if [ "${2-}" = with-postgres ]; then
    SAFELIGHT_TEST_DATABASE=postgres slow tests/server tests/faults/server 2>&1 | tee "$said/postgres" || failed=1
fi
grep -hoE 'FIGURE [a-z].*' "$said"/* || true
exit $failed
