-- Adds what a process has counted by itself.
--
-- KEYS: 1 counts (hash: how often what has happened)   2 counted (string: the number of the last addition of this process)
-- ARGV: 1 number of this addition, one more each time   2 how long that is remembered, ms   3… fields as name, how many more, …
-- Returns 1. Sent twice (the reply was lost), the second changes nothing.

if tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[1]) then
  return 1
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
for at = 3, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
end
return 1
