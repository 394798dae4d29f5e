-- Accepts a job: its record, its input, its place in the indexes and its message, all or nothing.
--
-- KEYS: 1 record (hash)   2 data (string)   3 jobs (zset: when accepted)   4 queued (zset: when enqueued)
--       5 waits (zset: when its wait in the queue ends)   6 queue (list of the engine)
-- ARGV: 1 id   2 message   3 input bytes, or ''   4 longest wait in the queue in ms, or ''   5… fields of the record
--       as name, value, …
-- Returns {when it was accepted, its place in the queue from 0}.
-- Sent twice (the reply was lost), the second changes nothing.

local record, data, jobs, queued, waits, queue = unpack(KEYS)
local id, message, input, wait = unpack(ARGV, 1, 4)

local created = redis.call('HGET', record, 'created')
if created then
  return { tonumber(created), redis.call('ZRANK', queued, id) or 0 }
end

local now = now_ms()
redis.call('HSET', record, 'status', 'queued', 'created', now, 'updated', now, 'attempt', 1, 'fence', 0, unpack(ARGV, 5))
if wait ~= '' then
  redis.call('ZADD', waits, now + tonumber(wait), id)
end
if input ~= '' then
  redis.call('SET', data, input)
end
redis.call('ZADD', jobs, now, id)
enqueue({ lane = queued, queue = queue }, id, message)
return { now, redis.call('ZCARD', queued) - 1 }
