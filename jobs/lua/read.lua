-- Reads a job as it is now, and its result where that is asked for.
--
-- KEYS: 1 record (hash)   2…10 the lanes (zsets: when each job was enqueued), those that are taken first in front
--       11 result (string), or none
-- ARGV: 1 id   2 the longest result that is asked for, bytes, or '' where its length does not matter
-- Returns {fields of the record as name, value, …; how many jobs are taken before it, or -1; result bytes or false}.
-- The fields are empty where there is no such job.

local fields = redis.call('HGETALL', KEYS[1])
local status, step = unpack(redis.call('HMGET', KEYS[1], 'status', 'step'))
if status ~= 'queued' then
  local result, most = KEYS[11], tonumber(ARGV[2])
  local is_asked = status == 'succeeded' and result and (not most or redis.call('STRLEN', result) <= most)
  return { fields, -1, is_asked and redis.call('GET', result) or false }
end
local lane = 2 + step
local rank = redis.call('ZRANK', KEYS[lane], ARGV[1])
if not rank then
  return { fields, -1, false }
end
for at = 2, lane - 1 do
  rank = rank + redis.call('ZCARD', KEYS[at])
end
return { fields, rank, false }
