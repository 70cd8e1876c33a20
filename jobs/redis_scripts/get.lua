-- The job; 'gone' where it was purged, nothing where it never was.
local fields = record(ask.id)
if #fields > 0 then
  return fields
end
return redis.call('EXISTS', prefix .. 'gone:' .. ask.id) == 1 and 'gone'
