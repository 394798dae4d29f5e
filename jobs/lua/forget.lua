-- Drops from the indexes what has expired: jobs whose tombstone is gone, and files that were deleted.
--
-- KEYS: 1 jobs   2 finished   3 blobs   4… for each tombstone the jobs of its caller
-- ARGV: 1 how many tombstones follow   2… the tombstones as 'id caller', then each file and when it was due
-- Returns how many entries went. A file that is due at another time now was written again meanwhile: it stays.

local jobs, finished, blobs = unpack(KEYS, 1, 3)
local tombstones = tonumber(ARGV[1])
local gone = 0
for at = 2, tombstones + 1 do
  local id = string.match(ARGV[at], '^%S+')
  redis.call('ZREM', jobs, id)
  redis.call('ZREM', KEYS[at + 2], id)
  gone = gone + redis.call('ZREM', finished, ARGV[at])
end
for at = tombstones + 2, #ARGV, 2 do
  if redis.call('ZSCORE', blobs, ARGV[at]) == ARGV[at + 1] then
    gone = gone + redis.call('ZREM', blobs, ARGV[at])
  end
end
return gone
