#!/bin/sh
# Makes the password of Redis where there is none yet, and from it what Redis and the service read.
# Put a redis-password of your own into the folder before the first start, or a redis-url to use another Redis.
set -eu
cd /run/coatcheck
umask 037
if [ ! -s redis-password ]; then
  python -c 'import secrets; print(secrets.token_hex(32))' >redis-password
  echo "Made a password for Redis."
fi
# Redis reads it from a file that its configuration includes, so it is on no command line.
[ -s redis.conf ] || printf 'requirepass "%s"\n' "$(cat redis-password)" >redis.conf
[ -s redis-url ] || printf 'redis://:%s@redis:6379/0\n' "$(cat redis-password)" >redis-url
