#!/bin/sh
# Make sure of Node 20.19 or newer with npm, or say in one sentence what is missing. Debian packages are installed only
# where root can do so.
set -eu

new_enough() {
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
        >/dev/null 2>&1 && npm --version >/dev/null 2>&1
}

new_enough && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing the Debian packages nodejs npm" >&2
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nodejs npm) \
        </dev/null >&2 || true
fi
new_enough && exit 0
found=$(node --version 2>/dev/null || echo none)
echo "The web page is built with Node 20.19 or newer and its npm, and this machine has $found: install it, then run make again. (Without the page: make setup, then .venv/bin/python -m backend.)" >&2
exit 1
