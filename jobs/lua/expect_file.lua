-- Notes a file that is about to be written; it goes unless a move makes it somebody's own.
--
-- KEYS: 1 blobs (zset: when each file goes)
-- ARGV: 1 file   2 how long it may wait for that move, ms
-- Returns 1; 0 where it was noted before: at a second try the first may have been the move, though its reply was lost.

local now = now_ms()
local due = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '')
-- One that is due is being deleted just now: it must not lose its entry together with the file that was before it.
if due and due > now then
  return 0
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
return 1
