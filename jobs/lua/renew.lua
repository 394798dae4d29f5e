-- Renews what a worker holds, and says which of it shall end.
--
-- KEYS: 1 leases   2… the records of the jobs in ARGV
-- ARGV: 1 lease in ms   2 grace between asking and killing in ms
--       3… for each job its id and the process of the worker that runs it
-- Returns one word for each job:
--   keep      go on
--   ask       its time is up or it was canceled: ask it to end
--   kill      it was asked and has not ended within the grace: kill it
--   unclaimed not started yet, or given back: nothing to do
--   final     it has ended
--   lost      another process has it: kill the one that still runs it here

local leases = KEYS[1]
local lease, grace = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = now_ms()

-- Whether the job shall end before it is done: it was canceled, or its time is up.
local function stop_wanted(record, status)
  if status == 'canceling' then
    return true
  end
  local started, timeout = unpack(redis.call('HMGET', record, 'started', 'timeout'))
  return now >= started + timeout * 1000
end

local function verdict(record, id, process)
  local status, holder, asked = unpack(redis.call('HMGET', record, 'status', 'worker', 'stop_asked'))
  if status == 'queued' then
    return 'unclaimed'
  end
  if status ~= 'running' and status ~= 'canceling' then
    return 'final'
  end
  if holder ~= process then
    return 'lost'
  end
  redis.call('ZADD', leases, now + lease, id)
  if asked then
    return now >= asked + grace and 'kill' or 'ask'
  end
  if stop_wanted(record, status) then
    redis.call('HSET', record, 'stop_asked', now)
    return 'ask'
  end
  return 'keep'
end

local verdicts = {}
for at = 2, #KEYS do
  verdicts[at - 1] = verdict(KEYS[at], ARGV[2 * at - 1], ARGV[2 * at])
end
return verdicts
