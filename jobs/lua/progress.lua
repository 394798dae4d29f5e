-- Notes how far a running job is and what it says, and tells its run whether it shall go on.
--
-- KEYS: 1 record   2 events (list)   3 logs (list)
-- ARGV: 1 fence   2 a number that grows from note to note of a run   3 progress event as JSON, or ''   4 line to log, or ''
--       5 the same as JSON, or ''   6… fields to write as name, value, …
-- Returns {'running' or 'canceling', 1 if it was asked to finish now, else 0}, or {why this run has lost the job:
-- 'missing', 'fenced' or its status}. Sent twice (the reply was lost), the second changes nothing.

-- How many lines of a job are kept, the latest ones.
local LINES_KEPT = 1000

local keys = { record = KEYS[1], events = KEYS[2], logs = KEYS[3] }
local holder, number, progress, line, said = unpack(ARGV, 1, 5)

local status, fence, finish, noted = unpack(redis.call('HMGET', keys.record, 'status', 'fence', 'finish_asked', 'noted'))
if not status then
  return { 'missing' }
end
if status ~= 'running' and status ~= 'canceling' then
  return { status }
end
if fence ~= holder then
  return { 'fenced' }
end
local now, verdict = now_ms(), { status, finish and 1 or 0 }
if progress == '' and line == '' then
  return verdict
end
local noted_by, latest = string.match(noted or '', '^(%S+) (%S+)$')
if noted_by == holder and tonumber(number) <= tonumber(latest) then
  return verdict
end
redis.call('HSET', keys.record, 'noted', holder .. ' ' .. number, 'updated', now, unpack(ARGV, 6))
if progress ~= '' then
  tell(keys, 'progress', progress)
end
if line ~= '' then
  redis.call('RPUSH', keys.logs, string.format('%.0f ', now) .. line)
  redis.call('LTRIM', keys.logs, -LINES_KEPT, -1)
  tell(keys, 'log', string.format('{"at":%.0f,"message":', now) .. said .. '}')
end
return verdict
