-- Takes a name back from the holder who has it.
local name = prefix .. 'name:' .. ask.name
if redis.call('GET', name) == ask.holder then
  redis.call('DEL', name)
end
return 1
