-- Begins another delivery of a job's webhook, after one that is over: it goes into the outbox again.
--
-- KEYS: 1 record   2 webhook (hash: how it stands)   3 outbox (zset: jobs whose webhook is to be called, by when it was due)
-- ARGV: 1 id   2 the delivery that is over   3 the new one
-- Returns 1 where it has begun, also when it is asked twice; 0 where the record is gone, and where another has begun.

local record, webhook, outbox = unpack(KEYS)
local id, over, delivery = unpack(ARGV)

local left = redis.call('PTTL', record)
local current = redis.call('HGET', webhook, 'delivery') or redis.call('HGET', record, 'webhook_delivery')
if current == delivery then
  return 1
end
if left == -2 or current ~= over then
  return 0
end
redis.call('HSET', webhook, 'delivery', delivery, 'state', 'pending', 'again', 1, 'tries', 0, 'fence', 0, 'next', '')
redis.call('ZADD', outbox, now_ms(), id)
if left > 0 then
  redis.call('PEXPIRE', webhook, left)
end
return 1
