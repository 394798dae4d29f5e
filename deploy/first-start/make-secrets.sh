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
# One of your own may have any characters; each file has its own way to write them.
written() { python -c "import urllib.parse; word = open('redis-password', encoding='utf-8').read().rstrip('\\n'); print($1)"; }
# Redis reads it from a file that its configuration includes, so it is on no command line.
if [ ! -s redis.conf ]; then
  quoted=$(written 'word.replace("\\", "\\\\").replace("\"", "\\\"")')
  printf 'requirepass "%s"\n' "$quoted" >redis.conf
fi
if [ ! -s redis-url ]; then
  encoded=$(written 'urllib.parse.quote(word, safe="")')
  printf 'redis://:%s@redis:6379/0\n' "$encoded" >redis-url
fi
