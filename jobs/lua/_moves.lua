-- What several scripts do alike; put in front of each of them when it is loaded, but for those that use nothing of it
-- (jobs/scripts.py). No KEYS or ARGV are read here.

-- Redis' own clock, Unix time in milliseconds. Processes' clocks are never asked.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What HGETALL answers (name, value, …) as a table by name.
local function by_name(fields)
  local values = {}
  for at = 1, #fields, 2 do
    values[fields[at]] = fields[at + 1]
  end
  return values
end

-- The first twenty-two KEYS of every script that can end a job, by name. `lane` is that of the job's step, which is read
-- where it is not given.
local function keys_of_job(given, step)
  local record, data, leases, waits, finished, blobs, due, backlog = unpack(given, 1, 8)
  step = step or redis.call('HGET', record, 'step') or '0'
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

-- Tells whoever follows the job what happened, as event `number` of the job (`said` is JSON), and keeps it for who asks
-- later. The first event of every job, that it is queued, is never written: it is number 1, and told by the record itself.
local function tell_numbered(keys, number, kind, said)
  local entry = string.format('%d ', number) .. kind .. ' ' .. said
  redis.call('RPUSH', keys.events, entry)
  if number > EVENTS_KEPT then
    redis.call('LTRIM', keys.events, -EVENTS_KEPT, -1)
  end
  redis.call('PUBLISH', keys.events, entry)
end

local function tell(keys, kind, said)
  tell_numbered(keys, redis.call('HINCRBY', keys.record, 'events', 1), kind, said)
end

-- That a job has a status from now on, as its event says it.
local function status_event(status, attempt, now)
  return string.format('{"status":"%s","attempt":%s,"at":%.0f}', status, attempt, now)
end

local function tell_status(keys, status, now)
  tell(keys, 'status', status_event(status, redis.call('HGET', keys.record, 'attempt'), now))
end

-- The files of a job (its input, its result, what its analysis attached) go at this moment. `job` has what its record
-- says of them, by name.
local function keep_files_until(keys, moment, job)
  for _, blob in ipairs({ job.data_blob or '', job.result_blob or '' }) do
    if blob ~= '' then
      redis.call('ZADD', keys.blobs, moment, blob)
    end
  end
  for _, file in ipairs(job.attached and job.attached ~= '' and cjson.decode(job.attached) or {}) do
    redis.call('ZADD', keys.blobs, moment, file.blob)
  end
end

-- Adds to the count of the caller's queued jobs; a caller without any has no entry.
local function count_queued(keys, number, caller)
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

-- The job stands in its lane no more.
local function leave_lane(keys, id, caller)
  if redis.call('ZREM', keys.lane, id) == 1 then
    count_queued(keys, -1, caller)
  end
end

-- Counts a job that has ended, and how long it ran if it did just now.
local function count_end(keys, job, status, cause, now)
  count(keys, 'ended', job.analysis, status)
  if status == 'failed' then
    count(keys, 'failed', job.analysis, cause)
  end
  if job.status ~= 'queued' then
    count_time(keys, 'ran', job.analysis, now - tonumber(job.started or now))
  end
end

-- What the record says that `conclude` has to know; each call into Redis takes its time.
local CONCLUDED_BY = { 'status', 'fence', 'started', 'analysis', 'caller', 'webhook', 'data_blob', 'events', 'step',
  'ending' }

-- The fields of a record that `conclude` needs, by name; `status` is missing where there is no record.
local function read_job(record)
  local job = {}
  for at, value in ipairs(redis.call('HMGET', record, unpack(CONCLUDED_BY))) do
    job[CONCLUDED_BY[at]] = value or nil
  end
  return job
end

-- Ends the job. `keep.result` and `keep.tombstone` are milliseconds; `fields`: what else the record shall say, as
-- {name, value, …}; `job`: what it says now, as `read_job` or a whole record by name has it, if that was read; `result`:
-- the bytes of its result, if they are few.
local function conclude(keys, id, status, now, keep, fields, job, result)
  job = job or read_job(keys.record)
  local expires, said, number = now + keep.result, by_name(fields), (job.events or 0) + 1
  redis.call('HSET', keys.record, 'status', status, 'finished', now, 'updated', now, 'expires', expires, 'events', number,
    unpack(fields))
  redis.call('HDEL', keys.record, 'worker', 'stop_asked', 'finish_asked')
  if job.status == 'queued' then
    redis.call('ZREM', keys.due, id)
    leave_lane(keys, id, job.caller)
    redis.call('ZREM', keys.waits, id)
  else
    redis.call('ZREM', keys.leases, id)
  end
  count_ended(keys, job.caller)
  count_end(keys, job, status, said.cause, now)
  if job.webhook and job.webhook ~= '' then
    redis.call('ZADD', keys.outbox, now, id)
  end
  tell_numbered(keys, number, 'completed', string.format('{"status":"%s","at":%.0f}', status, now))
  -- The record outlives the result as a tombstone; the sweep drops the id from the indexes at the same time.
  redis.call('ZADD', keys.finished, expires + keep.tombstone, id .. ' ' .. job.caller)
  redis.call('PEXPIRE', keys.record, keep.result + keep.tombstone)
  for _, key in ipairs({ keys.data, keys.events, keys.logs }) do
    redis.call('PEXPIRE', key, keep.result)
  end
  keep_files_until(keys, expires, { data_blob = job.data_blob, result_blob = said.result_blob, attached = said.attached })
  if job.ending and job.ending ~= '' then
    -- A client waits for it at this process of the API; what would be asked for next is told with it.
    redis.call('PUBLISH', job.ending, cjson.encode({ id, redis.call('HGETALL', keys.record), result }))
  end
end

-- The job has waited in the queue longer than it may.
local function expire(keys, id, now, keep, job)
  conclude(keys, id, 'failed', now, keep, { 'cause', 'expired', 'error',
    'The job waited in the queue longer than its expires_in and was never run.' }, job)
end

-- Puts the job into the queue of its step: `keys.lane` and `keys.queue`. LPUSH, for workers pop at the right.
-- The lane has microseconds, so that no two jobs are enqueued at the same time.
local function enqueue(keys, id, message)
  local time = redis.call('TIME')
  if redis.call('ZADD', keys.lane, string.format('%.3f', time[1] * 1000 + time[2] / 1000), id) == 1 then
    count_queued(keys, 1, redis.call('HGET', keys.record, 'caller'))
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
