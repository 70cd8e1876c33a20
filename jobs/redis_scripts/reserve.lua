-- Gives a name to a holder for so long, unless somebody else has it.
local name = prefix .. 'name:' .. ask.name
local holder = redis.call('GET', name)
if holder and holder ~= ask.holder then
  return 0
end
even_when_full()
redis.call('SET', name, ask.holder, 'PX', ask.milliseconds)
return 1
