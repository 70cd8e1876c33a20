-- A batch's jobs in their order.
return records(redis.call('ZRANGE', prefix .. 'batch:' .. ask.batch, 0, -1))
