-- The newest succeeded job of this fingerprint whose retention is not over.
for _, id in ipairs(redis.call('ZREVRANGE', prefix .. 'equal:' .. ask.fingerprint, 0, -1)) do
  if tonumber((state(id, 'expires_at'))) > now then
    return record(id)
  end
end
return false
