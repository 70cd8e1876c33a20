-- The queue at a glance: queued, running, seconds of the oldest, work; and remaining seconds and pace where known.
local oldest = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]
local facts = {
  redis.call('ZCARD', queue),
  redis.call('ZCARD', leases),
  oldest and text(math.max(0, now - oldest)) or '0',
  redis.call('HGET', totals, 'work') or '0',
}
local seconds_per_work = pace()
if seconds_per_work then
  facts[5], facts[6] = exact(remaining(seconds_per_work)), exact(seconds_per_work)
end
return facts
