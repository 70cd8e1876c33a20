-- Where a queued job stands, and in how many seconds it starts as far as anybody knows; nothing for any other.
local rank = redis.call('ZRANK', queue, ask.id)
if not rank then
  return false
end
local seconds_per_work = pace()
if not seconds_per_work then
  return {rank + 1}
end
local ready = redis.call('ZCOUNT', prefix .. 'ready', '(' .. text(now), '+inf')
local seconds = (work_ahead(rank) * seconds_per_work + remaining(seconds_per_work)) / math.max(1, ready)
return {rank + 1, exact(math.max(seconds, state(ask.id, 'not_before') - now))}
