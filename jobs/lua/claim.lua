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

local keys = keys_of_job(KEYS)
local id, process, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local keep = { result = tonumber(ARGV[4]), tombstone = tonumber(ARGV[5]) }

local status, holder, analysis, created =
  unpack(redis.call('HMGET', keys.record, 'status', 'worker', 'analysis', 'created'))
if status == 'running' and holder == process then
  -- Asked twice: the reply was lost on its way.
  local fence = tonumber(redis.call('HGET', keys.record, 'fence'))
  return { 'claimed', fence, redis.call('HGETALL', keys.record), redis.call('GET', keys.data) }
end
if status ~= 'queued' then
  return { status or 'missing' }
end

local now = now_ms()
local due = tonumber(redis.call('ZSCORE', keys.due, id) or '')
if due and now < due then
  -- It was put off; this is a message from before.
  return { status }
end
local wait = tonumber(redis.call('ZSCORE', keys.waits, id) or '')
if wait and now >= wait then
  expire(keys, id, now, keep)
  return { 'failed' }
end

local fence = redis.call('HINCRBY', keys.record, 'fence', 1)
redis.call('HSET', keys.record, 'status', 'running', 'worker', process, 'started', now, 'updated', now)
-- A message that was lost on its way and sent again has changed the time in the lane.
local since = fence == 1 and created or redis.call('ZSCORE', keys.lane, id)
count_time(keys, 'waited', analysis, math.max(0, now - math.floor(since or now)))
dequeue(keys, id)
-- Only the wait for the first start is bounded: a job that has run is not failed for waiting again.
redis.call('ZREM', keys.waits, id)
redis.call('ZADD', keys.leases, now + lease, id)
tell_status(keys, 'running', now)
return { 'claimed', fence, redis.call('HGETALL', keys.record), redis.call('GET', keys.data) }
