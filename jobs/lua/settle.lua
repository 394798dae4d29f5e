-- Ends a run: its outcome is written and the job is final, if this run still holds it.
--
-- KEYS: 1 record   2 data   3 leases (zset: when each lease lapses)   4 waits (zset: when each wait in the queue ends)
--       5 finished (zset: when each tombstone goes)   6 blobs (zset: when each file goes)
--       7 due (zset: when each job that is put off is queued again)   8 backlog (hash: queued jobs of each caller)
--       9…17 the lanes (zsets: when each job was enqueued), one a step   18 active (hash: jobs of each caller that are not
--       final)   19 outbox (zset: final jobs whose webhook is to be called)   20 events (list)   21 logs (list)
--       22 counts (hash: how often what has happened to jobs)
--       23 result (string)   24 times (list: how long this analysis ran lately, ms)
-- ARGV: 1 id   2 fence   3 'succeeded' or 'failed'   4 result kept for ms   5 tombstone kept for ms
--       6 result bytes, or ''   7 file of the result in the blob store, or ''   8… fields of the record as name,
--       value, …; files among them are kept as long as the result
-- Returns {'settled', the status it has now}, or {'refused', why: 'missing', 'fenced' or the status it has}.

-- How many run times of an analysis are kept, the latest ones.
local TIMES_KEPT = 50

-- Longest result that is told with the end of its job, bytes; what is longer is read. app/read_ahead.py has the same.
local MOST_TOLD = 2048

local job = read_job(KEYS[1])
local keys = keys_of_job(KEYS, job.step or '0')
local result, times = KEYS[23], KEYS[24]
local id, holder, outcome = ARGV[1], ARGV[2], ARGV[3]
local keep = { result = tonumber(ARGV[4]), tombstone = tonumber(ARGV[5]) }
local bytes, blob = ARGV[6], ARGV[7]

if job.status ~= 'running' and job.status ~= 'canceling' then
  return { 'refused', job.status or 'missing' }
end
if job.fence ~= holder then
  return { 'refused', 'fenced' }
end

local now = now_ms()
if job.status == 'canceling' then
  conclude(keys, id, 'canceled', now, keep, {}, job)
  return { 'settled', 'canceled' }
end
if outcome == 'succeeded' then
  -- The result first: nobody may see a succeeded job without one. A full Redis refuses the first write of a script.
  if blob == '' then
    redis.call('SET', result, bytes, 'PX', keep.result)
  end
  if redis.call('LPUSH', times, now - tonumber(job.started)) > TIMES_KEPT then
    redis.call('LTRIM', times, 0, TIMES_KEPT - 1)
  end
  redis.call('PEXPIRE', times, keep.result + keep.tombstone)
end
local told = outcome == 'succeeded' and blob == '' and #bytes <= MOST_TOLD and bytes or nil
conclude(keys, id, outcome, now, keep, { unpack(ARGV, 8) }, job, told)
return { 'settled', outcome }
