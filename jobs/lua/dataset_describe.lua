-- Notes what a data set holds, or why that can't be said.
--
-- KEYS: 1 record (hash)   2 undescribed (zset: when each description is asked for again)
-- ARGV: 1 id   2 the state that it has then   3 description   4 error (JSON, or '')
-- Returns 1, or 0 where it is described already, or deleted.

local record, undescribed = KEYS[1], KEYS[2]
local id, state, description, wrong = unpack(ARGV)

redis.call('ZREM', undescribed, id)
if redis.call('HGET', record, 'state') ~= 'pending' then
  return 0
end
redis.call('HSET', record, 'state', state, 'description', description, 'error', wrong)
return 1
