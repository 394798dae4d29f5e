-- Takes messages in hand that are to be brought on to an engine.
--
-- KEYS: 1 in hand (zset: messages that somebody brings on, by when they are taken again)
--       2…10 the hand-over lists of the steps (lists of messages, the next one at the right)
-- ARGV: 1 at most so many   2 how long they are in hand, ms
-- Returns the messages: first those that were in hand for too long, then those of the lowest steps.

local in_hand = KEYS[1]
local most, term = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = now_ms()

local taken = redis.call('ZRANGEBYSCORE', in_hand, '-inf', now, 'LIMIT', 0, most)
for key = 2, #KEYS do
  local message = #taken < most and redis.call('RPOP', KEYS[key])
  while message do
    taken[#taken + 1] = message
    message = #taken < most and redis.call('RPOP', KEYS[key])
  end
end
for _, message in ipairs(taken) do
  redis.call('ZADD', in_hand, now + term, message)
end
return taken
