-- Lets queued jobs start that were to wait.
for _, id in ipairs(ask.ids) do
  if state(id, 'status') == 'queued' then
    even_when_full()
    set(id, 'not_before', 0)
  end
end
return #ask.ids
