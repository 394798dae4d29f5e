-- Reads a job as it is now, and its result where that is asked for.
--
-- KEYS: 1 record (hash)   2 3 4 queued high, normal, low (zsets: when enqueued)   5 result (string), or none
-- ARGV: 1 id
-- Returns {fields of the record as name, value, …; how many jobs are taken before it, or -1; result bytes or false}.
-- The fields are empty where there is no such job.

local result = KEYS[5] and redis.call('GET', KEYS[5]) or false
local fields = redis.call('HGETALL', KEYS[1])
local before = 0
for at = 2, 4 do
  local rank = redis.call('ZRANK', KEYS[at], ARGV[1])
  if rank then
    return { fields, before + rank, result }
  end
  before = before + redis.call('ZCARD', KEYS[at])
end
return { fields, -1, result }
