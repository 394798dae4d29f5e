-- Takes a job from a worker that can't finish it, before its lease lapses.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
--       23 the queue of its step (list of the engine)
-- ARGV: 1 id   2 the process that held it   3 message   4 why: 'worker_lost' (the process died), 'out_of_memory' (the
--       system killed it for its memory), 'timeout' (it was killed for its time), 'handed_back' (a worker that stops)
--       5 result kept for ms   6 tombstone kept for ms
-- Returns the status that the job has now, or 'missing'. A job that this process does not hold is left as it is.

local keys = keys_of_job(KEYS)
keys.queue = KEYS[23]
local id, process, message, why = unpack(ARGV, 1, 4)
local keep = { result = tonumber(ARGV[5]), tombstone = tonumber(ARGV[6]) }

local status, holder = unpack(redis.call('HMGET', keys.record, 'status', 'worker'))
local now = now_ms()
if status == 'queued' then
  -- The process died between taking the message and claiming: nobody else will bring the job.
  -- One that is put off was brought already, and the sweep brings it again when it is due.
  if not redis.call('ZSCORE', keys.due, id) then
    enqueue(keys, id, message)
  end
  return status
end
if (status ~= 'running' and status ~= 'canceling') or holder ~= process then
  return status or 'missing'
end
if why == 'timeout' and status == 'running' then
  local timeout = redis.call('HGET', keys.record, 'timeout')
  conclude(keys, id, 'failed', now, keep, { 'cause', 'timeout', 'error',
    'The analysis ran longer than its time limit of ' .. timeout .. ' s and was killed.' })
  return 'failed'
end
return worker_lost(keys, id, status, message, now, keep, why == 'handed_back' and 0 or 1, why)
