-- Looks whether a data set is still wanted. One that is deleted or expired can't be used from then on; its record and its
-- file stay for as long as jobs use it.
--
-- KEYS: 1 record (hash)   2 its users (set)   3 who shares its content (hash)   4 data sets   5 the data sets of its
--       caller (zsets by id)   6 due (zset: when each data set is looked at)   7 undescribed (zset: when each description
--       is asked for again)   8 blobs (zset: when each file goes)
-- ARGV: 1 id   2 looked at again after ms while it is used   3 the same once it only waits for its users
--       4 1 to delete it now
-- Returns 'missing', 'kept', 'leaving' (it can't be used any more, but is still used), or 'gone'.

local record, users, content, datasets, datasets_of_caller, due, undescribed, blobs = unpack(KEYS)
local id, look, leaving, delete = unpack(ARGV)
local now = now_ms()

local state, expires, blob = unpack(redis.call('HMGET', record, 'state', 'expires', 'blob'))
if not state then
  redis.call('ZREM', due, id)
  redis.call('ZREM', undescribed, id)
  redis.call('DEL', users)
  return 'missing'
end
local is_used = redis.call('SCARD', users) > 0
if state ~= 'deleted' and delete ~= '1' and tonumber(expires) > now then
  redis.call('ZADD', due, is_used and math.min(now + tonumber(look), expires) or expires, id)
  return 'kept'
end
redis.call('HSET', record, 'state', 'deleted')
redis.call('ZREM', datasets, id)
redis.call('ZREM', datasets_of_caller, id)
redis.call('ZREM', undescribed, id)
if is_used then
  redis.call('ZADD', due, now + tonumber(leaving), id)
  return 'leaving'
end
redis.call('HDEL', content, id)
-- Nobody is left in it: only the name of the file.
if redis.call('HLEN', content) == 1 then
  redis.call('DEL', content)
  redis.call('ZADD', blobs, now, blob)
end
redis.call('DEL', record, users)
redis.call('ZREM', due, id)
return 'gone'
