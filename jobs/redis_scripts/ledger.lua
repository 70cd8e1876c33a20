-- What every script begins with: the names of the keys, the clock, and the ways that a job can go.
--
-- KEYS[1] is the prefix of all keys; a script computes the rest from it, so this is not for a Redis Cluster. ARGV[1] is
-- the policy, ARGV[2] the question, both JSON. Times are seconds since 1970 by this server's clock, written with
-- microseconds: Lua would round a number that it turns into text by itself.
--
--   job:ID      state of a job          text:ID   its spec, progress, frames and error, as JSON
--   queue       queued jobs by rank     waiting   the same by age       leases   running jobs by the end of the lease
--   ended       terminal jobs by expiry  gone:ID  a purged job was here
--   client:NAME, batch:NAME, equal:FINGERPRINT    jobs of a client, of a batch, of the same work
--   work, left  of each open job: how much it is, how many seconds its worker says are left
--   open        queued and running jobs of each client    totals  work in the queue, jobs of each terminal status
--   arrival     when the last job came  paces     what the last jobs teach about time
--   key:DIGEST  an idempotency key      workers, ready, presence  who is alive, who can paint, what they say
--   name:NAME   who reserved a name     filled    everything in storage is here
--   speech      when a worker was heard last, and when it was noticed that none had been heard for long
local policy, ask = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local prefix = KEYS[1]
local queue, waiting, leases, ended = prefix .. 'queue', prefix .. 'waiting', prefix .. 'leases', prefix .. 'ended'
local open, totals, paces = prefix .. 'open', prefix .. 'totals', prefix .. 'paces'
local works, left = prefix .. 'work', prefix .. 'left'
local speech, QUIET_SECONDS = prefix .. 'speech', 2

local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6

local function text(number)
  return string.format('%.6f', number)
end

local function exact(number)
  return string.format('%.17g', number)
end

local function state(id, ...)
  return unpack(redis.call('HMGET', prefix .. 'job:' .. id, ...))
end

local function set(id, ...)
  redis.call('HSET', prefix .. 'job:' .. id, ...)
end

-- Texts that are missing in `ask` stay as they are.
local function tell(id, ...)
  for _, name in ipairs({...}) do
    if ask[name] then
      redis.call('HSET', prefix .. 'text:' .. id, name, ask[name])
    end
  end
end

local function set_error(id, error)
  if error then
    redis.call('HSET', prefix .. 'text:' .. id, 'error', error)
  else
    redis.call('HDEL', prefix .. 'text:' .. id, 'error')
  end
end

local function readable(id)
  return redis.call('HEXISTS', prefix .. 'text:' .. id, 'spec') == 1
end

-- A job whose spec somebody has removed must not stop those who come across it.
local function spec_of(id)
  if readable(id) then
    return cjson.decode(redis.call('HGET', prefix .. 'text:' .. id, 'spec'))
  end
  return {client = '', fingerprint = '', batch = cjson.null, created_at = 0}
end

-- Everything of a job as a flat list of names and values.
local function record(id)
  local fields = redis.call('HGETALL', prefix .. 'job:' .. id)
  for _, each in ipairs(redis.call('HGETALL', prefix .. 'text:' .. id)) do
    fields[#fields + 1] = each
  end
  return fields
end

local function records(ids)
  local found = {}
  for _, id in ipairs(ids) do
    found[#found + 1] = record(id)
  end
  return found
end

local function known(id)
  return redis.call('EXISTS', prefix .. 'job:' .. id, prefix .. 'gone:' .. id) > 0
end

local function held(id, token)
  local status, current = state(id, 'status', 'token')
  return status == 'running' and current == token
end

-- Whether a job was brought back from storage and nobody has claimed it: it is queued under the lease of a worker that
-- may live, and may adopt it.
local function adoptable(id)
  local status, lease_until = state(id, 'status', 'lease_until')
  return status == 'queued' and tonumber(lease_until) > 0
end

-- A server whose memory is full refuses a script's writes until the first one that takes no memory: after this, jobs
-- that are here can go on and end, and only new ones are refused.
local function even_when_full()
  redis.call('PERSIST', totals)
end

-- Who may not publish has to ask again and again, and nothing worse.
local function changed(id)
  redis.call('HINCRBY', prefix .. 'job:' .. id, 'version', 1)
  redis.pcall('PUBLISH', prefix .. 'changes', id)
end

local function join_queue(id, created_at)
  local rank, work = state(id, 'rank', 'work')
  redis.call('ZADD', queue, rank, id)
  redis.call('ZADD', waiting, created_at, id)
  redis.call('HSET', works, id, work)
  redis.call('HINCRBYFLOAT', totals, 'work', work)
end

local function leave_queue(id)
  if redis.call('ZREM', queue, id) == 0 then
    return
  end
  redis.call('ZREM', waiting, id)
  if redis.call('EXISTS', queue) == 0 then
    redis.call('HSET', totals, 'work', 0) -- and what rounding has left
  else
    redis.call('HINCRBYFLOAT', totals, 'work', '-' .. state(id, 'work'))
  end
end

local function count_open(client, change)
  if redis.call('HINCRBY', open, client, change) <= 0 then
    redis.call('HDEL', open, client)
  end
end

local function hold(id)
  local until_then = text(now + policy.lease_seconds)
  set(id, 'lease_until', until_then, 'lease_seconds', policy.lease_seconds)
  redis.call('ZADD', leases, until_then, id)
end

-- Lists a job that is over where it is looked for.
local function archive(id, spec)
  local status, expires_at, arrival = state(id, 'status', 'expires_at', 'arrival')
  redis.call('ZADD', ended, expires_at, id)
  redis.call('HINCRBY', totals, status, 1)
  if status ~= 'succeeded' then
    return
  end
  redis.call('ZADD', prefix .. 'equal:' .. spec.fingerprint, arrival, id)
  local reused, started_at, finished_at, work = state(id, 'reused', 'started_at', 'finished_at', 'work')
  if reused ~= '1' and started_at then
    redis.call('LPUSH', paces, exact(finished_at - started_at) .. ' ' .. work)
    redis.call('LTRIM', paces, 0, 19)
  end
end

local function close(id)
  leave_queue(id)
  redis.call('ZREM', leases, id)
  redis.call('HDEL', works, id)
  redis.call('HDEL', left, id)
end

local function finish(id, status, error)
  local spec = spec_of(id)
  close(id)
  set(id, 'status', status, 'lease_until', 0, 'not_before', 0,
    'finished_at', text(now), 'expires_at', text(now + policy.result_ttl_seconds))
  set_error(id, error)
  count_open(spec.client, -1)
  archive(id, spec)
  changed(id)
end

local function cancel(id)
  set(id, 'cancel_requested', 1)
  finish(id, 'cancelled')
end

-- Ends a job that nobody wants, or that has been started often enough; false where there is no such reason.
local function end_spent(id, error)
  local unwanted, attempt = state(id, 'cancel_requested', 'attempt')
  if unwanted == '1' then
    cancel(id)
  elseif tonumber(attempt) >= policy.max_attempts or not readable(id) then
    finish(id, 'failed', error or policy.spent)
  else
    return false
  end
  return true
end

local function requeue(id, not_before, error)
  close(id)
  set(id, 'status', 'queued', 'worker', '', 'lease_until', 0, 'not_before', not_before)
  set_error(id, error)
  join_queue(id, spec_of(id).created_at)
  changed(id)
end

-- When it was last noticed that no worker had been heard for long: they have not all died at once, so this server or
-- the way to it stood still. It is noticed once, so that reaping goes on where they have died all the same.
local function silence()
  local heard, noticed = unpack(redis.call('HMGET', speech, 'heard', 'noticed'))
  heard, noticed = tonumber(heard or now), tonumber(noticed or 0)
  if now - heard > math.max(QUIET_SECONDS, policy.lease_seconds / 2) and noticed <= heard then
    noticed = now
    even_when_full()
    redis.call('HSET', speech, 'noticed', text(noticed))
  end
  return noticed
end

-- A worker is heard; written at most once a second, however many there are, but for leases that are very short.
local function hear()
  silence()
  if now - tonumber(redis.call('HGET', speech, 'heard') or 0) >= math.min(1, policy.lease_seconds / 10) then
    even_when_full()
    redis.call('HSET', speech, 'heard', text(now))
  end
end

local uptime_seconds

local function uptime()
  if not uptime_seconds then
    local info = redis.pcall('INFO', 'server')
    local seconds = type(info) == 'string' and string.match(info, 'uptime_in_seconds:(%d+)')
    uptime_seconds = seconds and tonumber(seconds) or math.huge
  end
  return uptime_seconds
end

-- Whether the lease of a running job is over. Of the time when this server was down, or heard nobody, nothing can be
-- concluded: its holder must have had the time of a lease to come back.
local function lost(id, lease_until)
  local lease = tonumber(state(id, 'lease_seconds') or policy.lease_seconds)
  return tonumber(lease_until) < now and uptime() > lease and now - silence() > lease
end

-- Running jobs that are lost, the longest lost first.
local function abandoned()
  local late, found = redis.call('ZRANGEBYSCORE', leases, '-inf', '(' .. text(now), 'WITHSCORES', 'LIMIT', 0, 100), {}
  for at = 1, #late, 2 do
    if lost(late[at], late[at + 1]) then
      found[#found + 1] = late[at]
    end
  end
  return found
end

-- Takes in a job that is not known; a later one never has the same arrival, whatever the clock does.
local function take(job)
  local id, spec = job.id, cjson.decode(job.spec)
  local arrival = math.max(now, tonumber(redis.call('GET', prefix .. 'arrival') or 0) + 1e-6)
  redis.call('SET', prefix .. 'arrival', text(arrival))
  set(id, 'arrival', text(arrival), 'rank', text(arrival - policy.aging_seconds * spec.priority), unpack(job.state))
  redis.call('HSET', prefix .. 'text:' .. id, 'spec', job.spec, unpack(job.texts))
  redis.call('ZADD', prefix .. 'client:' .. spec.client, job.created_at, id)
  if spec.batch ~= cjson.null then
    redis.call('ZADD', prefix .. 'batch:' .. spec.batch, text(arrival), id)
  end
  return spec
end

-- Removes everything that is known of a job.
local function forget(id)
  local spec = spec_of(id)
  redis.call('DEL', prefix .. 'job:' .. id, prefix .. 'text:' .. id)
  redis.call('ZREM', ended, id)
  redis.call('ZREM', prefix .. 'client:' .. spec.client, id)
  redis.call('ZREM', prefix .. 'equal:' .. spec.fingerprint, id)
  if spec.batch ~= cjson.null then
    redis.call('ZREM', prefix .. 'batch:' .. spec.batch, id)
  end
  redis.pcall('PUBLISH', prefix .. 'changes', id)
end
