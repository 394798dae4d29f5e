-- What several scripts do alike; put in front of each of them when it is loaded. No KEYS or ARGV are read here.

-- Redis' own clock, Unix time in milliseconds. Processes' clocks are never asked.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The first nine KEYS of every script that can end a job, by name.
local function keys_of_job(given)
  local record, data, leases, waits, finished, blobs = unpack(given, 1, 6)
  return { record = record, data = data, leases = leases, waits = waits, finished = finished, blobs = blobs,
    queued = { unpack(given, 7, 9) } }
end

-- The job waits for no worker any more. One command a priority spares every caller from knowing which.
local function dequeue(keys, id)
  for _, queued in ipairs(keys.queued) do
    redis.call('ZREM', queued, id)
  end
end

-- Ends the job. `keep.result` and `keep.tombstone` are milliseconds; `fields`: what else the record shall say, as
-- {name, value, …}.
local function conclude(keys, id, status, now, keep, fields)
  local expires = now + keep.result
  redis.call('HSET', keys.record, 'status', status, 'finished', now, 'updated', now, 'expires', expires, unpack(fields))
  redis.call('HDEL', keys.record, 'worker', 'stop_asked', 'finish_asked')
  dequeue(keys, id)
  redis.call('ZREM', keys.leases, id)
  redis.call('ZREM', keys.waits, id)
  -- The record outlives the result as a tombstone; the sweep drops the id from the indexes at the same time.
  redis.call('ZADD', keys.finished, expires + keep.tombstone, id)
  redis.call('PEXPIRE', keys.record, keep.result + keep.tombstone)
  redis.call('PEXPIRE', keys.data, keep.result)
  local blob = redis.call('HGET', keys.record, 'data_blob')
  if blob and blob ~= '' then
    redis.call('ZADD', keys.blobs, expires, blob)
  end
end

-- The job has waited in the queue longer than it may.
local function expire(keys, id, now, keep)
  conclude(keys, id, 'failed', now, keep, { 'cause', 'expired', 'error',
    'The job waited in the queue longer than its expires_in and was never run.' })
end

-- Puts the job into the queue of its priority: `keys.lane` and `keys.queue`. LPUSH, for workers pop at the right.
-- The lane has microseconds, so that no two jobs are enqueued at the same time.
local function enqueue(keys, id, message)
  local time = redis.call('TIME')
  redis.call('ZADD', keys.lane, string.format('%.3f', time[1] * 1000 + time[2] / 1000), id)
  redis.call('LPUSH', keys.queue, message)
end

-- Takes a running job from its worker and queues it again.
-- `cost` is 1 where this attempt counts against the job, 0 where it does not (a deploy).
local function requeue(keys, id, message, now, cost)
  redis.call('HINCRBY', keys.record, 'attempt', cost)
  redis.call('HSET', keys.record, 'status', 'queued', 'updated', now, 'progress', '', 'stage', '')
  redis.call('HDEL', keys.record, 'worker', 'stop_asked')
  redis.call('ZREM', keys.leases, id)
  enqueue(keys, id, message)
end

-- A running or canceling job has lost its worker: canceled if that was asked, else another attempt while it has some.
-- Returns the status that the job has then.
local function worker_lost(keys, id, status, message, now, keep, cost)
  if status == 'canceling' then
    conclude(keys, id, 'canceled', now, keep, {})
    return 'canceled'
  end
  local tried = redis.call('HMGET', keys.record, 'attempt', 'max_attempts')
  if cost == 1 and tonumber(tried[1]) >= tonumber(tried[2]) then
    conclude(keys, id, 'failed', now, keep, { 'cause', 'worker_lost', 'error',
      'The worker process died while it ran this job, in each of ' .. tried[1] .. ' attempts.' })
    return 'failed'
  end
  requeue(keys, id, message, now, cost)
  return 'queued'
end
