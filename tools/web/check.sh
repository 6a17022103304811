#!/usr/bin/env bash
# Checks the console's modules and stylesheet: their types with tsc, their form with Biome. Skipped without npm.
set -euo pipefail
tools=$(realpath -m "$1")
cd "$(dirname "$0")/../.."
here=tools/web static=src/safelight/server/console/static/console

command -v npm >/dev/null || { echo "npm is not here: the console's modules were not checked."; exit 0; }
if ! cmp -s "$here/package.json" "$tools/package.json"; then
  mkdir -p "$tools"
  cp "$here/package.json" "$tools/package.json"
  (cd "$tools" && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts) \
    || { rm -f "$tools/package.json"; exit 1; }
fi
"$tools/node_modules/.bin/tsc" -p "$here/tsconfig.json"
"$tools/node_modules/.bin/biome" check --config-path="$here" --vcs-enabled=false "$static"
