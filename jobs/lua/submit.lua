-- Accepts a job: its record, its input, its place in the indexes and its message, all or nothing.
--
-- KEYS: 1 record (hash)   2 data (string)   3 jobs (zset: when accepted)   4 waits (zset: when its wait in the queue ends)
--       5 backlog (hash: queued jobs of each caller)   6…14 the lanes (zsets: when each job was enqueued), one a step
--       15 16 17 the queues of the steps of its priority (lists of the engine)   18 blobs (zset: when each file goes)
-- ARGV: 1 id   2 caller   3 first step of its priority   4 5 its message before and after the number of the step
--       6 7 queued jobs of a caller from which the next goes to the second, the third step   8 input bytes, or ''
--       9 longest wait in the queue in ms, or ''   10… fields of the record as name, value, …
-- Returns {when it was accepted, its step, how many jobs are taken before it}.
-- Sent twice (the reply was lost), the second changes nothing.

local record, data, jobs, waits, backlog = unpack(KEYS, 1, 5)
local id, caller, first, before, after, few, many, input, wait = unpack(ARGV, 1, 9)

local function taken_before(step)
  local before = redis.call('ZRANK', KEYS[6 + step], id) or 0
  for earlier = 0, step - 1 do
    before = before + redis.call('ZCARD', KEYS[6 + earlier])
  end
  return before
end

-- A file is due to go as long as no job has it.
local function keep_file()
  local finished, blob = unpack(redis.call('HMGET', record, 'finished', 'data_blob'))
  if not finished and blob ~= '' then
    redis.call('ZREM', KEYS[18], blob)
  end
end

local known = redis.call('HMGET', record, 'created', 'step')
if known[1] then
  keep_file()
  return { tonumber(known[1]), tonumber(known[2]), taken_before(tonumber(known[2])) }
end

-- Who has many jobs waiting goes behind who has few: the flood of one caller does not starve another's single job.
local waiting = tonumber(redis.call('HGET', backlog, caller) or '0')
local offset = waiting < tonumber(few) and 0 or waiting < tonumber(many) and 1 or 2
local step = first + offset

local now = now_ms()
redis.call('HSET', record, 'status', 'queued', 'caller', caller, 'step', step, 'created', now, 'updated', now,
  'attempt', 1, 'fence', 0, unpack(ARGV, 10))
if wait ~= '' then
  redis.call('ZADD', waits, now + tonumber(wait), id)
end
if input ~= '' then
  redis.call('SET', data, input)
end
keep_file()
redis.call('ZADD', jobs, now, id)
enqueue({ record = record, backlog = backlog, lane = KEYS[6 + step], queue = KEYS[15 + offset] }, id, before .. step .. after)
return { now, step, taken_before(step) }
