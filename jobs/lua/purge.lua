-- Forgets a final job now: nothing of it is left, and its files go with the next sweep.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
--       23 result (string)   24 jobs   25 the jobs of its caller (zsets: when each was accepted)
--       26 webhook (hash: how it stands)   27 its calls (list)
-- ARGV: 1 id   2 caller   3… files that may have been made of its own
-- Returns 'purged', 'missing', or the status of a job that is not final, which is left as it is.

local keys = keys_of_job(KEYS)
local id, caller = ARGV[1], ARGV[2]
local status, finished, data_blob, result_blob, attached =
  unpack(redis.call('HMGET', keys.record, 'status', 'finished', 'data_blob', 'result_blob', 'attached'))
if not status then
  return 'missing'
end
if not finished then
  return status
end
local now = now_ms()
keep_files_until(keys, now, { data_blob = data_blob, result_blob = result_blob, attached = attached })
for at = 3, #ARGV do
  redis.call('ZADD', keys.blobs, 'XX', now, ARGV[at])
end
redis.call('DEL', keys.record, keys.data, keys.events, keys.logs, KEYS[23], KEYS[26], KEYS[27])
redis.call('ZREM', keys.outbox, id)
redis.call('ZREM', keys.finished, id .. ' ' .. caller)
redis.call('ZREM', KEYS[24], id)
redis.call('ZREM', KEYS[25], id)
return 'purged'
