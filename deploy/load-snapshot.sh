#!/bin/sh
# Makes of a snapshot (redis.rdb of `coatcheck backup`) the data folder of a Redis that keeps an append-only file:
#   load-snapshot.sh SNAPSHOT FOLDER
# A Redis with `appendonly yes` ignores an RDB file. So one is started without, on a socket of its own, and the
# append-only file is switched on while it runs. Needs redis-server and redis-cli.
set -eu
snapshot=$1 folder=$2

if [ -e "$folder/appendonlydir" ] || [ -e "$folder/appendonly.aof" ]; then
  echo "load-snapshot.sh: $folder has an append-only file already; move it away" >&2
  exit 1
fi
sockets=$(mktemp -d)
server=

# However this ends, its server does so first.
clean_up() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait
  rm -rf "$sockets"
}
trap clean_up EXIT
cp "$snapshot" "$folder/dump.rdb"
redis-server --dir "$folder" --dbfilename dump.rdb --appendonly no --save '' --port 0 --unixsocket "$sockets/redis" \
  --loglevel warning >&2 &
server=$!

ask() { redis-cli -s "$sockets/redis" "$@"; }

give_up() {
  echo "load-snapshot.sh: $1" >&2
  exit 1
}

# Loading takes a while; a server that can't read the snapshot ends.
until [ "$(ask ping 2>/dev/null)" = PONG ]; do
  kill -0 "$server" 2>/dev/null || give_up "the server can't load $snapshot"
  sleep 0.2
done
ask config set appendonly yes >/dev/null
until ask info persistence | grep -q '^aof_rewrite_in_progress:0' && ask info persistence | grep -q '^aof_rewrite_scheduled:0'; do
  kill -0 "$server" 2>/dev/null || give_up "the server has ended"
  sleep 0.2
done
ask info persistence | grep -q '^aof_last_bgrewrite_status:ok' || give_up "it could not be written"
echo "$(ask dbsize) keys are in $folder"
ask shutdown nosave 2>/dev/null || true
wait "$server"
server=
rm -f "$folder/dump.rdb"
