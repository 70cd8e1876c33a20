-- Gives every job whose lease is over back to the queue, or ends it; answers which.
local late = abandoned()
for _, id in ipairs(late) do
  even_when_full()
  if not end_spent(id) then
    requeue(id, 0)
  end
end
return late
