#!/usr/bin/env bash
# Installs what this machine lacks: system packages, Python packages in .venv, npm packages in node_modules.
#   install.sh        what the system needs to run
#   install.sh test   and what the tests need
# May be run again at any time; does nothing where nothing is missing. Asks for sudo only when a package is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

want="${1:-runtime}"
case "$want" in runtime | test) ;; *) echo "usage: install.sh [test]" >&2; exit 2 ;; esac

say() { printf '\033[36m▸\033[0m %s\n' "$*"; }
fail() { printf '\033[31m✗\033[0m %s\n' "$*" >&2; exit 1; }
has() { PATH="$PATH:/usr/sbin:/usr/lib/rabbitmq/bin" command -v "$1" >/dev/null 2>&1; }
digest() { sha256sum "$@" | sha256sum | cut -c1-64; }

# Two installs in one folder would undo each other's work.
exec 9<"$PWD"
flock 9

usable_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if has "$name" && "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

missing_packages() {
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || has initdb || echo postgresql
  has rabbitmq-server || echo rabbitmq-server
  [ -x .venv/bin/python ] || [ -n "$(usable_python)" ] || echo python3 python3-venv
  has npm || echo nodejs npm
  [ "$want" = runtime ] || has chromium || has chromium-browser || has google-chrome || echo chromium fonts-liberation
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Debian's packages start and enable their servers on the default ports; this system has its own instead. The policy and
# the setting below stand only while packages are being installed.
POLICY=/usr/sbin/policy-rc.d
CLUSTER=/etc/postgresql-common/createcluster.d/zz-cloud-factory-support.conf
placed=()
tidy() { if [ "${#placed[@]}" -gt 0 ]; then as_root rm -f "${placed[@]}"; placed=(); fi; }
trap tidy EXIT
trap 'exit 130' INT TERM

install_packages() {
  has apt-get || fail "Missing: $*. This script installs with apt-get, which is not here; please install them by hand."
  if [ "$(id -u)" != 0 ]; then
    has sudo || fail "Missing: $*. Please run as root: apt-get install $*"
    say "Missing on this machine: $*. sudo may ask for your password."
  fi
  if [ ! -e "$POLICY" ]; then
    placed+=("$POLICY")
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
  fi
  local apt=(apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  export DEBIAN_FRONTEND=noninteractive
  say "Reading the package lists"
  as_root "${apt[@]}" update >/dev/null
  if [[ " $* " == *" postgresql "* ]]; then
    # First the part that brings the setting's folder, then the server that obeys it.
    as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends postgresql-common </dev/null
    as_root mkdir -p "${CLUSTER%/*}"
    placed+=("$CLUSTER")
    echo 'create_main_cluster = false' | as_root tee "$CLUSTER" >/dev/null
  fi
  say "Installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "$@" </dev/null
  if [[ " $* " == *" rabbitmq-server "* ]] && has systemctl; then
    # Installed for us alone: nothing of it starts with the machine.
    as_root systemctl disable rabbitmq-server.service epmd.service epmd.socket >/dev/null 2>&1 || true
  fi
  tidy
}

install_python() {
  local lock="requirements/$want.txt" mark=".venv/.installed-$want"
  # What the tests need contains what the system needs.
  if [ "$(cat .venv/.installed-test 2>/dev/null)" = "$(digest requirements/test.txt)" ]; then return; fi
  if [ "$(cat "$mark" 2>/dev/null)" = "$(digest "$lock")" ]; then return; fi
  if ! .venv/bin/python -c '' 2>/dev/null; then
    say "Making .venv"
    rm -rf .venv
    "$(usable_python)" -m venv .venv
  fi
  .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
  local total
  total="$(grep -c '==' "$lock")"
  say "Installing $total Python packages"
  PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --require-hashes --no-deps --requirement "$lock" |
    awk -v total="$total" -v terminal="$([ -t 1 ] && echo 1 || echo 0)" '
      /^Collecting / {n++; if (terminal == 1) {printf "\r  %d of %d  %s\033[K", n, total, $2; fflush()}}
      END {if (terminal == 1) print ""}'
  digest "$lock" >"$mark"
}

install_npm() {
  local mark=node_modules/.installed
  if [ "$(cat "$mark" 2>/dev/null)" = "$(digest package.json package-lock.json)" ]; then return; fi
  say "Installing npm packages"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  digest package.json package-lock.json >"$mark"
}

mapfile -t packages < <(missing_packages | tr ' ' '\n')
[ "${#packages[@]}" = 0 ] || install_packages "${packages[@]}"
[ -x .venv/bin/python ] || [ -n "$(usable_python)" ] || fail "Python 3.11 or newer with venv is needed; please install it."
install_python
install_npm
