-- Cancels a job: at once while it is queued, else its worker is told and ends it.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
-- ARGV: 1 id   2 result kept for ms   3 tombstone kept for ms
-- Returns the status that the job has now, or 'missing'. A final job is left as it is.

local keys, id = keys_of_job(KEYS), ARGV[1]
local keep = { result = tonumber(ARGV[2]), tombstone = tonumber(ARGV[3]) }

local status = redis.call('HGET', keys.record, 'status')
local now = now_ms()
if status == 'queued' then
  conclude(keys, id, 'canceled', now, keep, {})
  return 'canceled'
end
if status == 'running' then
  redis.call('HSET', keys.record, 'status', 'canceling', 'updated', now)
  tell_status(keys, 'canceling', now)
  return 'canceling'
end
return status or 'missing'
