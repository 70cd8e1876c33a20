-- Lets queued jobs start that were to wait, but for those that wait for the worker who may have them.
for _, id in ipairs(ask.ids) do
  if state(id, 'status') == 'queued' and not adoptable(id) then
    even_when_full()
    set(id, 'not_before', 0)
  end
end
return #ask.ids
