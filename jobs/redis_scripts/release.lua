-- Gives a job back, or ends it where there is no reason to try again. Asked again, it says the same again.
local parting = ask.token .. ' released'
if not held(ask.id, ask.token) then
  return state(ask.id, 'parting') == parting and 1 or 0
end
even_when_full()
set(ask.id, 'parting', parting)
if ask.counts then
  if end_spent(ask.id, ask.error) then
    return 1
  end
elseif state(ask.id, 'cancel_requested') == '1' then
  cancel(ask.id)
  return 1
else
  redis.call('HINCRBY', prefix .. 'job:' .. ask.id, 'attempt', -1)
end
requeue(ask.id, ask.delay_seconds > 0 and text(now + ask.delay_seconds) or 0, ask.error)
return 1
