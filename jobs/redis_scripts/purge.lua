-- Forgets a terminal job but for the fact that it was there.
if not redis.call('ZSCORE', ended, ask.id) then
  return 0
end
even_when_full()
redis.call('HINCRBY', totals, state(ask.id, 'status'), -1)
redis.call('SET', prefix .. 'gone:' .. ask.id, 1, 'EX', ask.seconds)
forget(ask.id)
return 1
