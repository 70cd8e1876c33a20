-- Writes something, for whoever wants to know whether that can be done.
redis.call('SET', prefix .. 'check', text(now))
return redis.call('GET', prefix .. 'check')
