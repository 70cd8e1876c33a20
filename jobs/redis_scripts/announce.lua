-- Makes a worker known for so long, and forgets those that are no longer alive.
local workers, ready, presence = prefix .. 'workers', prefix .. 'ready', prefix .. 'presence'
even_when_full()
hear()
for _, id in ipairs(redis.call('ZRANGEBYSCORE', workers, '-inf', text(now))) do
  redis.call('ZREM', workers, id)
  redis.call('ZREM', ready, id)
  redis.call('HDEL', presence, id)
end
redis.call('ZADD', workers, text(now + ask.seconds), ask.id)
redis.call('HSET', presence, ask.id, ask.worker)
if ask.ready then
  redis.call('ZADD', ready, text(now + ask.seconds), ask.id)
else
  redis.call('ZREM', ready, ask.id)
end
return 1
