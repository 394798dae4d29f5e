-- Keeps a file that was made of a job's own for as long as the job's result.
--
-- KEYS: 1 record   2 blobs (zset: when each file goes)
-- ARGV: 1 file
-- Returns 1; 0 where the record is gone, and the file goes with the next sweep.

local expires = redis.call('HGET', KEYS[1], 'expires')
redis.call('ZADD', KEYS[2], expires or now_ms(), ARGV[1])
return expires and 1 or 0
