-- Terminal jobs that have outlived their retention, those first that ended first.
return redis.call('ZRANGEBYSCORE', ended, '-inf', text(now), 'LIMIT', 0, ask.limit)
