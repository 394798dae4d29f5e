-- Queues a running job again after a while: its run failed in a way that may not last.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
-- ARGV: 1 id   2 fence   3 put off for ms   4 result kept for ms   5 tombstone kept for ms   6 what went wrong
-- Returns {'settled', the status it has now}, or {'refused', why: 'missing', 'fenced' or the status it has}.

local keys, id = keys_of_job(KEYS), ARGV[1]
local keep = { result = tonumber(ARGV[4]), tombstone = tonumber(ARGV[5]) }

local status, fence = unpack(redis.call('HMGET', keys.record, 'status', 'fence'))
if status ~= 'running' and status ~= 'canceling' then
  return { 'refused', status or 'missing' }
end
if fence ~= ARGV[2] then
  return { 'refused', 'fenced' }
end

local now = now_ms()
if status == 'canceling' then
  conclude(keys, id, 'canceled', now, keep, {})
  return { 'settled', 'canceled' }
end
take_back(keys, id, now, 1, 'put_off')
redis.call('HSET', keys.record, 'message', ARGV[6])
redis.call('ZADD', keys.due, now + tonumber(ARGV[3]), id)
return { 'settled', 'queued' }
