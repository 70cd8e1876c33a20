-- What the workers that are alive say of themselves.
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'workers', '(' .. text(now), '+inf')) do
  found[#found + 1] = redis.call('HGET', prefix .. 'presence', id)
end
return found
