-- Writes what a delivery of a job's webhook has come to, for as long as the job's record is kept.
--
-- KEYS: 1 record   2 webhook (hash: how it stands)   3 attempts (list: 'time JSON' of each call, oldest first)
--       4 counts (hash: how often what has happened)
-- ARGV: 1 delivery   2 fence of its internal job   3 state   4 tried again in ms, or ''   5 how many attempts the delivery
--       has made then   6 the last one as JSON, or ''   7 how many attempts are kept
-- Returns 1 where it was written; 0 where the record is gone, where another delivery has followed, and where another run
-- has the internal job. Sent twice (the reply was lost), the second adds no attempt.

local record, webhook, attempts, counts = unpack(KEYS)
local delivery, fence, state, again, tries, attempt, most = unpack(ARGV)

local left = redis.call('PTTL', record)
if left == -2 then
  return 0
end
local current, holder, made, before = unpack(redis.call('HMGET', webhook, 'delivery', 'fence', 'tries', 'state'))
if (current and current ~= delivery) or tonumber(holder or '0') > tonumber(fence) then
  return 0
end

-- A call that is not the last one leaves the delivery pending.
if (before or 'pending') ~= state or tonumber(made or '0') < tonumber(tries) then
  count({ counts = counts }, 'webhook', state)
end
local now = now_ms()
local due = again ~= '' and string.format('%.0f', now + tonumber(again)) or ''
redis.call('HSET', webhook, 'delivery', delivery, 'fence', fence, 'state', state, 'next', due, 'tries', tries)
if attempt ~= '' and tonumber(made or '0') < tonumber(tries) then
  local began = now - cjson.decode(attempt).ms
  redis.call('RPUSH', attempts, string.format('%.0f ', began) .. attempt)
  redis.call('LTRIM', attempts, -most, -1)
end
if left > 0 then
  redis.call('PEXPIRE', webhook, left)
  redis.call('PEXPIRE', attempts, left)
end
return 1
