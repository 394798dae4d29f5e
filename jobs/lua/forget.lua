-- Drops from the indexes what has expired: jobs whose tombstone is gone, and files that were deleted.
--
-- KEYS: 1 jobs   2 finished   3 blobs
-- ARGV: 1 how many ids follow   2… the ids, then the files
-- Returns how many entries went.

local jobs, finished, blobs = unpack(KEYS)
local ids = tonumber(ARGV[1])
local gone = 0
for at = 2, #ARGV do
  if at <= ids + 1 then
    redis.call('ZREM', jobs, ARGV[at])
    gone = gone + redis.call('ZREM', finished, ARGV[at])
  else
    gone = gone + redis.call('ZREM', blobs, ARGV[at])
  end
end
return gone
