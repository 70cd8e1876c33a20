#!/bin/sh
# Make the virtual environment named by $1 with a Python that is new enough, or say in one sentence what is missing.
# PYTHON=/path/to/python chooses another interpreter. Debian packages are installed only where root can do so.
set -eu
venv=$1

new_enough() {
    # The command may exist and still not run: version managers leave such stubs.
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

can_install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null
}

install_packages() {
    echo "Installing the Debian packages $*" >&2
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$@") </dev/null >&2 || true
}

give_up() {
    echo "$1" >&2
    exit 1
}

python=$(find_python)
if [ -z "$python" ] && can_install; then
    install_packages python3 python3-venv
    python=$(find_python)
fi
[ -n "$python" ] || give_up "Python 3.11 or newer is needed, and none was found: install one, or run make with PYTHON=/path/to/python."

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python{}.{}".format(*sys.version_info))')
    if can_install; then
        install_packages "$version-venv"
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        give_up "$python cannot make virtual environments: install its venv package (on Debian: apt-get install $version-venv)."
fi

"$python" -m venv --clear "$venv"
