-- Accepts jobs: their records, their inputs, their places in the indexes and their messages, all or nothing.
--
-- KEYS: 1 jobs (zset: when accepted)   2 waits (zset: when each wait in the queue ends)
--       3 backlog   4 active (hashes: jobs of each caller that are queued; that are not final)
--       5 blobs (zset: when each file goes)   6 batches   7 data sets (zsets: when each is looked at)
--       8…16 the lanes (zsets: when each job was enqueued), one a step   17…25 the queues of the steps (lists of the engine)
--       26 the jobs of the caller (zset: when accepted)   27 what the Idempotency-Key stands for (string)
--       28 when the caller's next submission is due (string)   29 batch (hash)   30 the jobs of the batch (list)
--       31… for each job its record (hash), its data (string), its data set (hash) and who uses that (set)
-- ARGV: 1 caller   2 3 queued jobs of a caller from which the next goes to the second, the third step
--       4 most jobs of a caller that are not final   5 most queued jobs of all   6 7 rate limit: ms for each job, and how
--       many may come at once; 0 in 4 to 6: no limit   8 fingerprint of the request, or '' without Idempotency-Key
--       9 how long its key is kept, ms   10 id of the batch, or ''   11 its analysis
--       12 when data sets that are used now are looked at, ms from now   13 how many jobs follow
--       for each job: id, first step of its priority, its message before and after the number of the step, input bytes
--       or '' where they are in a file, longest wait in the queue in ms or '', id of its data set or '', how many
--       fields of the record follow, and those as name, value, …
-- Returns {'accepted', for each job {when it was accepted, its step, how many jobs are taken before it}},
-- {'replayed', id that the Idempotency-Key stands for}, or {'refused', why, a number}: 'reused' (another request had the
-- key), 'never' (how many can be taken at once at most), 'rate' (ms until there is room), 'active' or 'queued' (how many
-- there are), 'dataset' (which job's is gone).
-- Sent twice (the reply was lost), the second changes nothing.

local jobs, waits, backlog, active, blobs, batches, datasets = unpack(KEYS, 1, 7)
local jobs_of_caller, idempotency, rate, batch, batched = unpack(KEYS, 26, 30)
local caller, few, many, most_active, most_queued, interval, burst, fingerprint, keep, batch_id, analysis, look, number =
  unpack(ARGV, 1, 13)
number = tonumber(number)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- The lanes have microseconds, so that no two jobs are enqueued at the same time.
local moment = string.format('%.3f', time[1] * 1000 + time[2] / 1000)

local orders = {}
local at = 14
for order = 1, number do
  local key, fields = 27 + 4 * order, tonumber(ARGV[at + 7])
  orders[order] = { record = KEYS[key], data = KEYS[key + 1], dataset = KEYS[key + 2], users = KEYS[key + 3],
    id = ARGV[at], first = tonumber(ARGV[at + 1]), before = ARGV[at + 2], after = ARGV[at + 3], input = ARGV[at + 4],
    wait = ARGV[at + 5], needs = ARGV[at + 6], fields = { unpack(ARGV, at + 8, at + 7 + fields) } }
  at = at + 8 + fields
end

-- How many jobs are in each lane, as far as it was asked; none where no caller has a queued job.
local is_idle = redis.call('HLEN', backlog) == 0
local lengths = {}
local function length(step)
  lengths[step] = lengths[step] or (is_idle and 0 or redis.call('ZCARD', KEYS[8 + step]))
  return lengths[step]
end

local function before_lane(step)
  local before = 0
  for earlier = 0, step - 1 do
    before = before + length(earlier)
  end
  return before
end

-- A file is due to go as long as no job has it.
local function keep_file(order)
  local finished, blob = unpack(redis.call('HMGET', order.record, 'finished', 'data_blob'))
  if not finished and blob and blob ~= '' then
    redis.call('ZREM', blobs, blob)
  end
end

-- What was said of jobs that were accepted before.
local function told_again()
  local reply = { 'accepted' }
  for each, order in ipairs(orders) do
    keep_file(order)
    local created, step = unpack(redis.call('HMGET', order.record, 'created', 'step'))
    local before = redis.call('ZRANK', KEYS[8 + (step or 0)], order.id) or 0
    reply[each + 1] = { tonumber(created or now), tonumber(step or 0), before + before_lane(tonumber(step or 0)) }
  end
  return reply
end

-- Why the jobs can't be taken now, and a number about it; nothing where they can.
local function refusal()
  for _, most in ipairs({ tonumber(most_active), tonumber(most_queued) }) do
    if most ~= 0 and number > most then
      return 'never', most
    end
  end
  for each, order in ipairs(orders) do
    if order.needs ~= '' then
      local state = redis.call('HGET', order.dataset, 'state')
      if state ~= 'ready' and state ~= 'pending' then
        return 'dataset', each
      end
    end
  end
  local others = tonumber(redis.call('HGET', active, caller) or '0')
  if most_active ~= '0' and others + number > tonumber(most_active) then
    return 'active', others
  end
  if most_queued ~= '0' then
    local queued = 0
    for step = 0, 8 do
      queued = queued + length(step)
    end
    if queued + number > tonumber(most_queued) then
      return 'queued', queued
    end
  end
  if interval ~= '0' then
    -- The generic cell rate algorithm. More jobs at once than the burst has room for wait until it has all its room.
    local due = math.max(tonumber(redis.call('GET', rate) or '0'), now)
    local room = interval * burst
    local early = due + interval * math.min(number, burst) - room - now
    if early > 0 then
      return 'rate', math.ceil(early)
    end
    due = due + interval * number
    redis.call('SET', rate, due, 'PX', math.ceil(due - now))
  end
end

-- The data set stays as long as the job needs it, and for a while after this use.
local function use_dataset(order)
  redis.call('SADD', order.users, order.id)
  redis.call('HSET', order.dataset, 'expires', now + tonumber(redis.call('HGET', order.dataset, 'keep')))
  redis.call('ZADD', datasets, 'LT', now + tonumber(look), order.needs)
end

-- Accepts one job; `waiting` are the queued ones of its caller. Returns what is said of it.
local function accept(order, waiting)
  -- Who has many jobs waiting goes behind who has few: the flood of one caller does not starve another's single job.
  local offset = waiting < tonumber(few) and 0 or waiting < tonumber(many) and 1 or 2
  local step = order.first + offset
  redis.call('HSET', order.record, 'status', 'queued', 'caller', caller, 'step', step, 'created', now, 'updated', now,
    'attempt', 1, 'fence', 0, 'events', 1, unpack(order.fields))
  if order.wait ~= '' then
    redis.call('ZADD', waits, now + tonumber(order.wait), order.id)
  end
  if order.input ~= '' then
    redis.call('SET', order.data, order.input)
  else
    keep_file(order)
  end
  if order.needs ~= '' then
    use_dataset(order)
  end
  redis.call('ZADD', jobs, now, order.id)
  redis.call('ZADD', jobs_of_caller, now, order.id)
  local before = before_lane(step) + length(step)
  redis.call('ZADD', KEYS[8 + step], moment, order.id)
  lengths[step] = lengths[step] + 1
  -- LPUSH, for workers pop at the right.
  redis.call('LPUSH', KEYS[17 + step], order.before .. step .. order.after)
  return { now, step, before }
end

if redis.call('EXISTS', orders[1].record) == 1 then
  return told_again()
end
if fingerprint ~= '' then
  local known = redis.call('GET', idempotency)
  if known then
    local same, id = string.match(known, '^(%S+) (%S+)$')
    return same == fingerprint and { 'replayed', id } or { 'refused', 'reused', 0 }
  end
end
local why, about = refusal()
if why then
  return { 'refused', why, about }
end
local reply = { 'accepted' }
local waiting = is_idle and 0 or tonumber(redis.call('HGET', backlog, caller) or '0')
for each, order in ipairs(orders) do
  reply[each + 1] = accept(order, waiting + each - 1)
end
redis.call('HINCRBY', backlog, caller, number)
redis.call('HINCRBY', active, caller, number)
if batch_id ~= '' then
  redis.call('HSET', batch, 'caller', caller, 'analysis', analysis, 'created', now, 'jobs', number)
  for _, order in ipairs(orders) do
    redis.call('RPUSH', batched, order.id)
  end
  redis.call('ZADD', batches, now, batch_id)
end
if fingerprint ~= '' then
  local id = batch_id ~= '' and batch_id or orders[1].id
  redis.call('SET', idempotency, fingerprint .. ' ' .. id, 'PX', keep)
end
return reply
