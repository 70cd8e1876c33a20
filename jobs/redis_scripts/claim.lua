-- Takes the lease of the job that `id` names, or of the best one; answers the job, or nothing.
local function first_ready()
  local from = 0
  while true do
    local ids = redis.call('ZRANGE', queue, from, from + 31)
    for _, id in ipairs(ids) do
      if tonumber(state(id, 'not_before')) <= now then
        return id
      end
    end
    if #ids < 32 then
      return nil
    end
    from = from + 32
  end
end

local function better(one, other)
  return not other or tonumber(state(one, 'rank')) < tonumber(state(other, 'rank'))
end

local function best()
  local id = first_ready()
  for _, late in ipairs(abandoned()) do
    even_when_full()
    if not end_spent(late) and better(late, id) then
      id = late
    end
  end
  return id
end

local function this(id)
  local status, not_before, lease_until = state(id, 'status', 'not_before', 'lease_until')
  local ready = status == 'queued' and tonumber(not_before) <= now
  return (ready or status == 'running' and lost(id, lease_until)) and id
end

local function start(id)
  local started_at = state(id, 'started_at')
  leave_queue(id)
  set(id, 'status', 'running', 'worker', ask.worker, 'not_before', 0, 'started_at', started_at or text(now))
  redis.call('HINCRBY', prefix .. 'job:' .. id, 'token', 1)
  redis.call('HINCRBY', prefix .. 'job:' .. id, 'attempt', 1)
  hold(id)
  set_error(id, nil)
  changed(id)
  return record(id)
end

hear()
while true do
  local id
  if ask.id then
    id = this(ask.id)
  else
    id = best()
  end
  if not id then
    return false
  end
  even_when_full()
  if not end_spent(id) then
    return start(id)
  end
end
