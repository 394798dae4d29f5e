-- Finds what the sweep has to look at. Reads only.
--
-- KEYS: 1 leases   2 waits   3 due   4 finished   5 blobs   6… pairs of a lane and its engine's queue
-- ARGV: 1 resend after ms   2 at most so many of each, tombstones ten times as many   3… for each pair the id whose
--       message is taken next, or ''
-- Returns {ids with a lapsed lease; ids that have waited too long; ids that were put off until now; ids whose tombstone
-- is gone; files that are due to go, each followed by when; for each pair the ids that are queued without a message}.
--
-- A queue is first in, first out. So a job that was enqueued before the one whose message is taken next has no message
-- any more: it was lost on its way, or it is with a worker that has not claimed it for longer than resend after.

local now = now_ms()
local after, most = tonumber(ARGV[1]), tonumber(ARGV[2])

local function until_now(key, number, ...)
  return redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, number, ...)
end

local function without_message(lane, queue, next_id)
  local enqueued = now
  if redis.call('LLEN', queue) > 0 then
    enqueued = tonumber(redis.call('ZSCORE', lane, next_id) or '-inf')
  end
  return redis.call('ZRANGEBYSCORE', lane, '-inf', string.format('(%.3f', math.min(enqueued, now - after)), 'LIMIT', 0, most)
end

-- More tombstones at once, for they cost one command each: where fewer go than come, the indexes grow.
local found = { until_now(KEYS[1], most), until_now(KEYS[2], most), until_now(KEYS[3], most),
  until_now(KEYS[4], 10 * most), until_now(KEYS[5], most, 'WITHSCORES') }
for at = 6, #KEYS, 2 do
  found[#found + 1] = without_message(KEYS[at], KEYS[at + 1], ARGV[3 + (at - 6) / 2])
end
return found
