-- Replaces a caller's secret; the one that is current stays beside the new one for a while.
--
-- KEYS: 1 webhook secrets (hash: of each caller 'secret', or 'secret previous until')
-- ARGV: 1 caller   2 new secret   3 how long the current one stays, ms
-- Returns what is kept now. Sent twice (the reply was lost), the second changes nothing.

local known = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local current = string.match(known, '^%S+')
if current == ARGV[2] then
  return known
end
local kept = ARGV[2]
if current then
  kept = string.format('%s %s %.0f', kept, current, now_ms() + tonumber(ARGV[3]))
end
redis.call('HSET', KEYS[1], ARGV[1], kept)
return kept
