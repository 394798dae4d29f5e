-- Mends one job that the sweep has found; looks again before it changes anything, so two sweeps at once do no harm.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
--       23 the queue of its step (list of the engine)
-- ARGV: 1 id   2 message   3 resend after ms   4 result kept for ms   5 tombstone kept for ms
-- Returns what was done: 'requeued', 'retried', 'failed', 'canceled', 'sent', 'dropped' (no record is left) or 'nothing'.

local keys = keys_of_job(KEYS)
keys.queue = KEYS[23]
local id, message, after = ARGV[1], ARGV[2], tonumber(ARGV[3])
local keep = { result = tonumber(ARGV[4]), tombstone = tonumber(ARGV[5]) }
local now = now_ms()

local status = redis.call('HGET', keys.record, 'status')
if not status then
  -- Somebody has deleted the record; which lane it stood in is not known any more.
  for lane = 9, 17 do
    redis.call('ZREM', KEYS[lane], id)
  end
  redis.call('ZREM', keys.due, id)
  redis.call('ZREM', keys.leases, id)
  redis.call('ZREM', keys.waits, id)
  return 'dropped'
end

local lease = tonumber(redis.call('ZSCORE', keys.leases, id) or '')
if lease and lease <= now and (status == 'running' or status == 'canceling') then
  count(keys, 'lapsed')
  local outcome = worker_lost(keys, id, status, message, now, keep, 1, 'worker_lost')
  return outcome == 'queued' and 'requeued' or outcome
end

local due = tonumber(redis.call('ZSCORE', keys.due, id) or '')
if due and due <= now and status == 'queued' then
  redis.call('ZREM', keys.due, id)
  enqueue(keys, id, message)
  return 'retried'
end

local wait = tonumber(redis.call('ZSCORE', keys.waits, id) or '')
if wait and wait <= now and status == 'queued' then
  expire(keys, id, now, keep)
  return 'failed'
end

local enqueued = tonumber(redis.call('ZSCORE', keys.lane, id) or '')
if enqueued and enqueued <= now - after and status == 'queued' then
  enqueue(keys, id, message)
  count(keys, 'resent')
  return 'sent'
end
return 'nothing'
