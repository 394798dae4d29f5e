-- Notes that a process of the service lives, and drops those that were not heard of for long.
--
-- KEYS: 1 roster (hash: what each process says of itself, by name)   2 seen (zset: when each was heard of last)
-- ARGV: 1 name   2 what it says of itself, as JSON   3 how long a process that says nothing stays, ms

local roster, seen = KEYS[1], KEYS[2]
local now = now_ms()
redis.call('HSET', roster, ARGV[1], ARGV[2])
redis.call('ZADD', seen, now, ARGV[1])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - tonumber(ARGV[3]))) do
  redis.call('HDEL', roster, name)
  redis.call('ZREM', seen, name)
end
-- Nobody drops the last one that goes.
redis.call('PEXPIRE', roster, ARGV[3])
redis.call('PEXPIRE', seen, ARGV[3])
return 1
