#!/bin/sh
# The service in containers, from the repository's root: `compose.sh up`, `compose.sh down`, `compose.sh scale N`.
# Behind `make up`, `make down` and `make scale N=4`. COMPOSE is another command than `docker compose`.
set -eu
cd "$(dirname "$0")/../.."

give_up() {
    echo "$1" >&2
    exit 1
}

need_compose() {
    [ -z "${COMPOSE:-}" ] || return 0
    command -v docker >/dev/null || give_up "This needs Docker with its compose plugin, and there is no docker on this machine; 'make run' needs neither."
    docker compose version >/dev/null 2>&1 || give_up "This needs the compose plugin of Docker ('docker compose'): install it (on Debian: docker-compose-plugin)."
    docker info >/dev/null 2>&1 || give_up "Docker's engine does not answer: start it, or see whether you may use it (docker info)."
}

# 64 hexadecimal digits: they mean nothing special in a URL, in YAML or to a shell.
random_secret() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

make_settings() {
    [ ! -e .env ] || return 0
    (
        umask 077
        while IFS= read -r line; do
            case $line in
            [A-Z]*=) echo "$line$(random_secret)" ;;
            *) printf '%s\n' "$line" ;;
            esac
        done <.env.example >.env.new
        mv .env.new .env
    )
    echo "Made .env with random secrets; only you can read it. Keep it: without it, no token that was given out is valid."
}

# What .env says of a name; the environment goes before it, as it does for compose.
chosen() {
    eval "given=\${$1:-}"
    [ -n "$given" ] || [ ! -r .env ] || given=$(sed -n "s/^$1=//p" .env | tail -n 1 | tr -d "\"' ")
    printf '%s' "$given"
}

# Sign-in is a second file: with it left out, the service would be started open to all, and nobody would notice.
need_sign_in() {
    [ -n "$(chosen OIDC_ISSUER_URL)" ] || return 0
    case $(chosen COMPOSE_FILE) in
    *deploy/compose/sign-in.yml*) ;;
    *) give_up "OIDC_ISSUER_URL is set, but without its file there is no sign-in: put COMPOSE_FILE=docker-compose.yml:deploy/compose/sign-in.yml into .env, or take OIDC_ISSUER_URL out." ;;
    esac
    case ,$(chosen COMPOSE_PROFILES), in
    *,https,*) ;;
    *) give_up "With sign-in nothing but Caddy is published: put COMPOSE_PROFILES=https into .env." ;;
    esac
}

# Files and profiles are those of COMPOSE_FILE and COMPOSE_PROFILES, which compose reads in .env by itself.
compose() {
    # shellcheck disable=SC2086  # it may be several words
    ${COMPOSE:-docker compose} "$@"
}

case ${1:-} in
up)
    need_compose
    make_settings
    need_sign_in
    compose up --build --detach --wait
    compose ps
    ;;
down)
    need_compose
    # With every profile, and with what no file names any more: what was started with either must not stay.
    compose --profile '*' down --remove-orphans
    ;;
scale)
    need_compose
    case ${2:-} in
    '' | *[!0-9]*) give_up "Say how many workers: make scale N=4" ;;
    esac
    # This service alone: of the others, neither is anything missing nor has anybody asked for a change.
    service=${SERVICE:-consumer}
    compose up --detach --no-recreate --no-deps --wait --scale "$service=$2" "$service"
    ;;
*)
    give_up "usage: compose.sh up | down | scale N"
    ;;
esac
