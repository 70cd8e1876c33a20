-- A client's jobs, newest first.
return records(redis.call('ZREVRANGEBYSCORE', prefix .. 'client:' .. ask.client, ask.before, '-inf',
  'LIMIT', 0, ask.limit))
