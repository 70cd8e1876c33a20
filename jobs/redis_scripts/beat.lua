-- Renews a lease; a renewal alone is no change that anybody can see.
hear()
if not held(ask.id, ask.token) then
  return known(ask.id) and not adoptable(ask.id) and 'lost' or 'missing'
end
even_when_full()
hold(ask.id)
tell(ask.id, 'progress', 'frames')
if ask.progress then
  if ask.remaining then
    redis.call('HSET', left, ask.id, ask.remaining)
  else
    redis.call('HDEL', left, ask.id)
  end
end
if ask.progress or ask.frames then
  changed(ask.id)
end
return state(ask.id, 'cancel_requested') == '1' and 'cancel' or 'ok'
