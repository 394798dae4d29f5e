-- Reads which processes of the service live. Changes nothing.
--
-- KEYS: 1 roster (hash: what each process says of itself, by name)   2 seen (zset: when each was heard of last)
-- ARGV: 1 how long a process that says nothing counts as alive, ms
-- Returns for each what it says of itself, as JSON, and when it was heard of; those first that were heard of longest ago.

local found = {}
local alive = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now_ms() - tonumber(ARGV[1]), '+inf', 'WITHSCORES')
for at = 1, #alive, 2 do
  local said = redis.call('HGET', KEYS[1], alive[at])
  if said then
    found[#found + 1] = said
    found[#found + 1] = alive[at + 1]
  end
end
return found
