-- How long things take, for the scripts that are asked for it. Beyond LOOK jobs an estimate goes by their mean.
local LOOK = 256

-- Seconds per work of the last jobs that were really painted, all together. Of tiny ones alone it says nothing: they
-- take as long as it takes to begin.
local function pace()
  local seconds, work = 0, 0
  for _, each in ipairs(redis.call('LRANGE', paces, 0, -1)) do
    local took, was = string.match(each, '^(%S+) (%S+)$')
    if tonumber(took) > 0 then
      seconds, work = seconds + took, work + was
    end
  end
  return work >= 1 and seconds / work or nil
end

local function values(key, ids)
  return #ids > 0 and redis.call('HMGET', key, unpack(ids)) or {}
end

local function stretched(total, seen, count)
  return seen < count and total * count / seen or total
end

-- Seconds until every running job is over, one after the other.
local function remaining(seconds_per_work)
  local ids, total = redis.call('ZRANGE', leases, 0, LOOK - 1), 0
  local told, work = values(left, ids), values(works, ids)
  for at = 1, #ids do
    total = total + (told[at] or work[at] * seconds_per_work)
  end
  return stretched(total, #ids, redis.call('ZCARD', leases))
end

-- Work of the jobs before the one of this rank, which is 0 for the first.
local function work_ahead(rank)
  local ids, total = rank > 0 and redis.call('ZRANGE', queue, 0, math.min(rank, LOOK) - 1) or {}, 0
  for _, work in ipairs(values(works, ids)) do
    total = total + work
  end
  return stretched(total, #ids, rank)
end
