-- Ends a queued job, asks for the end of a running one; answers the job, or nothing where it is unknown.
local status, asked = state(ask.id, 'status', 'cancel_requested')
if not status then
  return false
end
if status == 'queued' then
  even_when_full()
  cancel(ask.id)
elseif status == 'running' and asked ~= '1' then
  even_when_full()
  set(ask.id, 'cancel_requested', 1)
  changed(ask.id)
end
return record(ask.id)
