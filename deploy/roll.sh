#!/usr/bin/env bash
# Replaces the containers of services one by one: a new one comes and is healthy before an old one is stopped.
#   deploy/roll.sh worker internal api
# Other files, projects and variables go by Compose's own COMPOSE_FILE, COMPOSE_PROJECT_NAME and COMPOSE_ENV_FILES.
set -euo pipefail

# How long a new container may take until it is healthy, seconds.
PATIENCE=${ROLL_PATIENCE:-180}

roll() {
  local service=$1 old id
  mapfile -t old < <(containers "$service")
  if ((${#old[@]} == 0)); then
    echo "roll: there is no container of $service" >&2
    return 1
  fi
  for id in "${old[@]}"; do
    add_one "$service" $((${#old[@]} + 1))
    # It gets its stop_grace_period to finish what it does.
    docker stop "$id" >/dev/null
    docker rm "$id" >/dev/null
    echo "roll: replaced ${id:0:12} of $service"
  done
}

add_one() {
  local service=$1 many=$2 before new
  before=$(containers "$service")
  if docker compose up --detach --no-deps --no-recreate --no-build --wait --wait-timeout "$PATIENCE" \
    --scale "$service=$many" "$service" >/dev/null 2>&1; then
    return 0
  fi
  echo "roll: the new container of $service did not get healthy; the old ones stay. Its last lines:" >&2
  for new in $(containers "$service" | grep --invert-match --line-regexp --fixed-strings "$before"); do
    docker logs --tail 20 "$new" >&2
    docker rm --force "$new" >/dev/null
  done
  return 1
}

containers() {
  # Compose counts those, too, that `docker compose run` has left behind; they are none of the service's.
  docker compose ps --all --quiet "$1" | grep --invert-match --line-regexp --fixed-strings \
    "$(docker ps --all --quiet --no-trunc --filter label=com.docker.compose.oneoff=True)" || true
}

if (($# == 0)); then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
for service in "$@"; do
  roll "$service"
done
