#!/usr/bin/env bash
# Installs the packages of a list, tests/packages.txt unless told otherwise, that are missing. Says
# nothing where none is.
#
#   tests/install_packages.sh [LIST]
set -euo pipefail
list=${1:-$(dirname "$0")/packages.txt}

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is not Debian or a relative of it: provide what $list lists yourself." >&2
  exit 0
fi

missing=()
while read -r line; do
  case $line in '' | '#'*) continue ;; esac
  IFS='|' read -ra alternatives <<<"$line"
  found=
  for package in "${alternatives[@]}"; do
    if installed "$package"; then
      found=yes
      break
    fi
  done
  [ -n "$found" ] || missing+=("${alternatives[0]}")
done <"$list"
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing packages. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -q &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "Installing packages failed." >&2
  exit 1
fi
