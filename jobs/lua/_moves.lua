-- What several scripts do alike; put in front of each of them when it is loaded. No KEYS or ARGV are read here.

-- Redis' own clock, Unix time in milliseconds. Processes' clocks are never asked.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The first twenty-two KEYS of every script that can end a job, by name. `lane` is that of the job's step.
local function keys_of_job(given)
  local record, data, leases, waits, finished, blobs, due, backlog = unpack(given, 1, 8)
  local step = redis.call('HGET', record, 'step') or '0'
  return { record = record, data = data, leases = leases, waits = waits, finished = finished, blobs = blobs, due = due,
    backlog = backlog, lane = given[9 + step], active = given[18], outbox = given[19], events = given[20], logs = given[21],
    counts = given[22] }
end

-- What is counted is for those who watch the service; `counts` is a hash that only grows by new names of analyses.
local function count(keys, ...)
  redis.call('HINCRBY', keys.counts, table.concat({ ... }, ' '), 1)
end

-- The upper bounds of a histogram of times, ms; jobs/counts.py has the same.
local TIME_BOUNDS = { 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 1800000, 7200000 }

-- Adds a time to the histogram `of` this analysis.
local function count_time(keys, of, analysis, ms)
  local bucket = 'more'
  for _, bound in ipairs(TIME_BOUNDS) do
    if ms <= bound then
      bucket = bound
      break
    end
  end
  local field = of .. ' ' .. analysis .. ' '
  redis.call('HINCRBY', keys.counts, field .. bucket, 1)
  redis.call('HINCRBY', keys.counts, field .. 'sum', ms)
end

-- How many events of a job are kept for those who come later.
local EVENTS_KEPT = 256

-- Tells whoever follows the job what happened (`said` is JSON), and keeps it for who asks later. The first event of
-- every job, that it is queued, is never written: it is number 1, and told by the record itself.
local function tell(keys, kind, said)
  local entry = redis.call('HINCRBY', keys.record, 'events', 1) .. ' ' .. kind .. ' ' .. said
  redis.call('RPUSH', keys.events, entry)
  redis.call('LTRIM', keys.events, -EVENTS_KEPT, -1)
  redis.call('PUBLISH', keys.events, entry)
end

local function tell_status(keys, status, now)
  local attempt = redis.call('HGET', keys.record, 'attempt')
  tell(keys, 'status', string.format('{"status":"%s","attempt":%s,"at":%.0f}', status, attempt, now))
end

-- The files of the job (its input, its result, what its analysis attached) go at this moment.
local function keep_files_until(keys, moment)
  local input, result, attached = unpack(redis.call('HMGET', keys.record, 'data_blob', 'result_blob', 'attached'))
  for _, blob in ipairs({ input or '', result or '' }) do
    if blob ~= '' then
      redis.call('ZADD', keys.blobs, moment, blob)
    end
  end
  for _, file in ipairs(attached and attached ~= '' and cjson.decode(attached) or {}) do
    redis.call('ZADD', keys.blobs, moment, file.blob)
  end
end

-- Adds to the count of the caller's queued jobs; a caller without any has no entry.
local function count_queued(keys, number)
  local caller = redis.call('HGET', keys.record, 'caller')
  if redis.call('HINCRBY', keys.backlog, caller, number) <= 0 then
    redis.call('HDEL', keys.backlog, caller)
  end
end

-- One job of the caller less that is not final.
local function count_ended(keys, caller)
  if redis.call('HINCRBY', keys.active, caller, -1) <= 0 then
    redis.call('HDEL', keys.active, caller)
  end
end

-- The job waits for no worker any more.
local function dequeue(keys, id)
  redis.call('ZREM', keys.due, id)
  if redis.call('ZREM', keys.lane, id) == 1 then
    count_queued(keys, -1)
  end
end

-- Counts a job that has ended, and how long it ran if it did just now.
local function count_end(keys, analysis, before, status, ran)
  count(keys, 'ended', analysis, status)
  if status == 'failed' then
    count(keys, 'failed', analysis, redis.call('HGET', keys.record, 'cause'))
  end
  if before == 'running' or before == 'canceling' then
    count_time(keys, 'ran', analysis, ran)
  end
end

-- Ends the job. `keep.result` and `keep.tombstone` are milliseconds; `fields`: what else the record shall say, as
-- {name, value, …}.
local function conclude(keys, id, status, now, keep, fields)
  local expires = now + keep.result
  local before, started, analysis, caller, webhook =
    unpack(redis.call('HMGET', keys.record, 'status', 'started', 'analysis', 'caller', 'webhook'))
  redis.call('HSET', keys.record, 'status', status, 'finished', now, 'updated', now, 'expires', expires, unpack(fields))
  redis.call('HDEL', keys.record, 'worker', 'stop_asked', 'finish_asked')
  dequeue(keys, id)
  redis.call('ZREM', keys.leases, id)
  redis.call('ZREM', keys.waits, id)
  count_ended(keys, caller)
  count_end(keys, analysis, before, status, now - tonumber(started or now))
  if webhook and webhook ~= '' then
    redis.call('ZADD', keys.outbox, now, id)
  end
  tell(keys, 'completed', string.format('{"status":"%s","at":%.0f}', status, now))
  -- The record outlives the result as a tombstone; the sweep drops the id from the indexes at the same time.
  redis.call('ZADD', keys.finished, expires + keep.tombstone, id .. ' ' .. caller)
  redis.call('PEXPIRE', keys.record, keep.result + keep.tombstone)
  for _, key in ipairs({ keys.data, keys.events, keys.logs }) do
    redis.call('PEXPIRE', key, keep.result)
  end
  keep_files_until(keys, expires)
end

-- The job has waited in the queue longer than it may.
local function expire(keys, id, now, keep)
  conclude(keys, id, 'failed', now, keep, { 'cause', 'expired', 'error',
    'The job waited in the queue longer than its expires_in and was never run.' })
end

-- Puts the job into the queue of its step: `keys.lane` and `keys.queue`. LPUSH, for workers pop at the right.
-- The lane has microseconds, so that no two jobs are enqueued at the same time.
local function enqueue(keys, id, message)
  local time = redis.call('TIME')
  if redis.call('ZADD', keys.lane, string.format('%.3f', time[1] * 1000 + time[2] / 1000), id) == 1 then
    count_queued(keys, 1)
  end
  redis.call('LPUSH', keys.queue, message)
end

-- Takes a running job from its worker; it is queued then, but in no lane yet.
-- `cost` is 1 where this attempt counts against the job, 0 where it does not (a deploy); `why` is for those who watch.
local function take_back(keys, id, now, cost, why)
  redis.call('HINCRBY', keys.record, 'attempt', cost)
  redis.call('HSET', keys.record, 'status', 'queued', 'updated', now, 'progress', '', 'stage', '')
  redis.call('HDEL', keys.record, 'worker', 'stop_asked')
  redis.call('ZREM', keys.leases, id)
  count(keys, 'taken_back', redis.call('HGET', keys.record, 'analysis'), why)
  tell_status(keys, 'queued', now)
end

-- A running or canceling job has lost its worker: canceled if that was asked, else another attempt while it has some.
-- Returns the status that the job has then.
-- `cause` is what it fails with after its last one.
local function worker_lost(keys, id, status, message, now, keep, cost, cause)
  if status == 'canceling' then
    conclude(keys, id, 'canceled', now, keep, {})
    return 'canceled'
  end
  local tried = redis.call('HMGET', keys.record, 'attempt', 'max_attempts')
  if cost == 1 and tonumber(tried[1]) >= tonumber(tried[2]) then
    local why = cause == 'out_of_memory' and ' for want of memory' or ''
    conclude(keys, id, 'failed', now, keep, { 'cause', cause, 'error',
      'The worker process died' .. why .. ' while it ran this job, the last of ' .. tried[1] .. ' attempts.' })
    return 'failed'
  end
  take_back(keys, id, now, cost, cause)
  enqueue(keys, id, message)
  return 'queued'
end
