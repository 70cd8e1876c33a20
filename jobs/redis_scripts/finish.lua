-- Ends a job. Asked again, because the answer was lost, it says the same again.
local parting = ask.token .. ' ' .. ask.status
if not held(ask.id, ask.token) then
  return state(ask.id, 'parting') == parting and 1 or 0
end
even_when_full()
tell(ask.id, 'progress', 'frames')
set(ask.id, 'parting', parting)
if ask.result then
  set(ask.id, 'result', ask.result)
end
finish(ask.id, ask.status, ask.error)
return 1
