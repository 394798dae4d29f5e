-- Gives a queued job to the process that asks; only one gets it, however often its message was delivered.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
-- ARGV: 1 id   2 the process that asks   3 lease in ms   4 result kept for ms   5 tombstone kept for ms
-- Returns {'claimed', fence, fields of the record, input bytes or false}, or {why not: 'missing' or its status}.

local fields = redis.call('HGETALL', KEYS[1])
local job = by_name(fields)
local keys = keys_of_job(KEYS, job.step or '0')
local id, process, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local keep = { result = tonumber(ARGV[4]), tombstone = tonumber(ARGV[5]) }

if job.status == 'running' and job.worker == process then
  -- Asked twice: the reply was lost on its way.
  return { 'claimed', tonumber(job.fence), fields, redis.call('GET', keys.data) }
end
if job.status ~= 'queued' then
  return { job.status or 'missing' }
end

local now = now_ms()
local is_first = job.fence == '0'
-- Only a job that has run can have been put off.
local due = not is_first and tonumber(redis.call('ZSCORE', keys.due, id) or '')
if due and now < due then
  -- This is a message from before.
  return { job.status }
end
-- Only the wait for the first start is bounded: a job that has run is not failed for waiting again.
local wait = is_first and (job.expires_in or '') ~= '' and tonumber(redis.call('ZSCORE', keys.waits, id) or '')
if wait and now >= wait then
  expire(keys, id, now, keep, job)
  return { 'failed' }
end

local fence, number = job.fence + 1, (job.events or 0) + 1
local moment = string.format('%.0f', now)
local changes = { 'status', 'running', 'worker', process, 'started', moment, 'updated', moment,
  'fence', string.format('%d', fence), 'events', string.format('%d', number) }
redis.call('HSET', keys.record, unpack(changes))
-- A message that was lost on its way and sent again has changed the time in the lane.
local since = is_first and job.created or redis.call('ZSCORE', keys.lane, id)
count_time(keys, 'waited', job.analysis, math.max(0, now - math.floor(since or now)))
leave_lane(keys, id, job.caller)
if due then
  redis.call('ZREM', keys.due, id)
end
if wait then
  redis.call('ZREM', keys.waits, id)
end
redis.call('ZADD', keys.leases, now + lease, id)
tell_numbered(keys, number, 'status', status_event('running', job.attempt, now))
-- What has changed follows the rest; of two values of a name the later one counts.
for _, part in ipairs(changes) do
  fields[#fields + 1] = part
end
return { 'claimed', fence, fields, redis.call('GET', keys.data) }
