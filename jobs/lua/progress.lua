-- Notes how far a running job is, and tells its run whether it shall go on.
--
-- KEYS: 1 record
-- ARGV: 1 fence   2… fields to write as name, value, …
-- Returns {'running' or 'canceling', 1 if it was asked to finish now, else 0}, or {why this run has lost the job:
-- 'missing', 'fenced' or its status}.

local status, fence, finish = unpack(redis.call('HMGET', KEYS[1], 'status', 'fence', 'finish_asked'))
if not status then
  return { 'missing' }
end
if status ~= 'running' and status ~= 'canceling' then
  return { status }
end
if fence ~= ARGV[1] then
  return { 'fenced' }
end
if #ARGV > 1 then
  redis.call('HSET', KEYS[1], 'updated', now_ms(), unpack(ARGV, 2))
end
return { status, finish and 1 or 0 }
