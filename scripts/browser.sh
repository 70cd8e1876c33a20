#!/bin/sh
# What the browser tests use beside the clone, on a machine that root may change: Chromium, its fonts and nginx. Elsewhere
# they are skipped with a sentence, or fail where CI is set.
set -eu

missing=""
for name in ${CHROMIUM:-chromium chromium-browser google-chrome}; do
    command -v "$name" >/dev/null && browser=$name && break
done
[ -n "${browser:-}" ] || missing="chromium fonts-liberation"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx"
[ -n "$missing" ] || exit 0
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || exit 0
echo "Installing the Debian packages $missing" >&2
# shellcheck disable=SC2086  # several names
(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing) \
    </dev/null >&2 || true
