-- Forgets those of `ids` that no worker has taken, asks the others to stop, and frees the key of exactly these ids.
-- Answers the ids of which nothing is left.
even_when_full()
local forgotten = {}
for _, id in ipairs(ask.ids) do
  local status, reused, started_at = state(id, 'status', 'reused', 'started_at')
  if status == 'running' then
    if state(id, 'cancel_requested') ~= '1' then
      set(id, 'cancel_requested', 1)
      changed(id)
    end
  elseif status == 'queued' then
    close(id)
    count_open(spec_of(id).client, -1)
    forget(id)
    forgotten[#forgotten + 1] = id
  elseif status and (reused == '1' or not started_at) then
    redis.call('HINCRBY', totals, status, -1)
    forget(id)
    forgotten[#forgotten + 1] = id
  elseif not known(id) then
    forgotten[#forgotten + 1] = id
  end
end
local key = ask.key and prefix .. 'key:' .. ask.key
local remembered = key and redis.call('GET', key)
if remembered and table.concat(cjson.decode(remembered).ids, ' ') == table.concat(ask.ids, ' ') then
  redis.call('DEL', key)
end
return forgotten
