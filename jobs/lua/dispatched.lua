-- Takes a job out of the outbox: an internal job delivers its webhook now.
--
-- KEYS: 1 outbox (zset: jobs whose webhook is to be called, by when it was due)
-- ARGV: 1 id   2 when it was due, as it was read
-- Returns 1 where it went; 0 where it was gone, or has come again since.

if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
