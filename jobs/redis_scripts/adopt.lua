-- Takes a running job in again that was lost, with its token and a fresh lease; also one that was brought back from
-- storage before its worker could speak, as long as nobody has claimed it.
local id = ask.job.id
if known(id) then
  if not adoptable(id) then
    return 0
  end
  local version = state(id, 'version')
  even_when_full()
  leave_queue(id)
  set(id, unpack(ask.job.state))
  set(id, 'version', math.max(tonumber(version), tonumber(ask.version)))
  redis.call('HDEL', prefix .. 'text:' .. id, 'progress', 'frames', 'error')
  if #ask.job.texts > 0 then
    redis.call('HSET', prefix .. 'text:' .. id, unpack(ask.job.texts))
  end
  changed(id)
else
  count_open(take(ask.job).client, 1)
end
redis.call('HSET', works, id, state(id, 'work'))
hold(id)
return 1
