-- Asks a running job to end soon with the best that it has.
--
-- KEYS: 1 record
-- Returns the status that the job has, or 'missing'. Only a running job is asked.

local status = redis.call('HGET', KEYS[1], 'status')
if status == 'running' then
  redis.call('HSET', KEYS[1], 'finish_asked', 1, 'updated', now_ms())
end
return status or 'missing'
