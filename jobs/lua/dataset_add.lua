-- Takes in a data set whose content lies in a file already; of several with the same content one file is kept.
--
-- KEYS: 1 record (hash)   2 who shares its content (hash)   3 data sets   4 the data sets of the caller (zsets by id)
--       5 due (zset: when each data set is looked at)   6 undescribed (zset: when each description is asked for again)
--       7 blobs (zset: when each file goes)
-- ARGV: 1 id   2 caller   3 file   4 kept for ms after its last use   5 asked for again after ms
--       6… further fields of the record as name, value, …
-- Returns the record. Sent twice (the reply was lost), the second changes nothing.

local record, content, datasets, datasets_of_caller, due, undescribed, blobs = unpack(KEYS)
local id, caller, blob, keep, again = unpack(ARGV, 1, 5)
local now = now_ms()

if redis.call('EXISTS', record) == 0 then
  if redis.call('HSETNX', content, 'blob', blob) == 1 then
    redis.call('ZREM', blobs, blob)
  else
    -- The same is kept already: the file that came goes with the next sweep.
    redis.call('ZADD', blobs, now, blob)
  end
  redis.call('HSET', content, id, 1)
  local expires = now + tonumber(keep)
  redis.call('HSET', record, 'caller', caller, 'state', 'pending', 'created', now, 'expires', expires, 'keep', keep,
    'blob', redis.call('HGET', content, 'blob'), unpack(ARGV, 6))
  redis.call('ZADD', datasets, 0, id)
  redis.call('ZADD', datasets_of_caller, 0, id)
  redis.call('ZADD', due, expires, id)
  redis.call('ZADD', undescribed, now + tonumber(again), id)
end
return redis.call('HGETALL', record)
