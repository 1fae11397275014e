#!/usr/bin/env bash
# Pins every package with hashes. The lock files name no registry: each machine uses the one it is configured for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

uv="$(command -v uv || true)"
if [ -z "$uv" ]; then
  tool="$(mktemp -d)"
  trap 'rm -rf "$tool"' EXIT
  python3 -m venv "$tool"
  "$tool/bin/pip" install --quiet uv
  uv="$tool/bin/uv"
fi

for name in runtime test; do
  # test contains runtime: with its pins as constraints both agree.
  constraint=()
  [ "$name" = runtime ] || constraint=(--constraint requirements/runtime.txt)
  "$uv" pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    "${constraint[@]}" --output-file "requirements/$name.txt" "requirements/$name.in"
  echo "requirements/$name.txt: $(grep -c '==' "requirements/$name.txt") packages"
done

npm install --package-lock-only --ignore-scripts --no-audit --no-fund
if grep -q '"resolved"' package-lock.json; then
  echo "package-lock.json names a registry; .npmrc has to have omit-lockfile-registry-resolved=true" >&2
  exit 1
fi
