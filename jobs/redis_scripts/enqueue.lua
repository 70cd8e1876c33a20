-- Takes all of `jobs` or none of them. Answers {what, and what belongs to it}.
local key = ask.key and prefix .. 'key:' .. ask.key
local remembered = key and redis.call('GET', key)
if remembered then
  local submission = cjson.decode(remembered)
  if submission.fingerprint ~= ask.fingerprint then
    return {'reused'}
  end
  return {'known', unpack(submission.ids)}
end

local new, clients, seen = 0, {}, {}
for _, job in ipairs(ask.jobs) do
  if job.status == 'queued' and not seen[job.id] and not known(job.id) then
    seen[job.id] = true
    new = new + 1
    clients[job.client] = (clients[job.client] or 0) + 1
  end
end
local queued = redis.call('ZCARD', queue)
if ask.most_queued > 0 and new > 0 and queued + new > ask.most_queued then
  return {'queue_full', queued}
end
for client, more in pairs(clients) do
  local jobs = tonumber(redis.call('HGET', open, client) or 0)
  if ask.most_open > 0 and jobs + more > ask.most_open then
    return {'too_many', jobs}
  end
end

for _, job in ipairs(ask.jobs) do
  if not known(job.id) then
    local spec = take(job)
    if job.status == 'queued' then
      if adoptable(job.id) then -- its worker may live, and has a lease's time to say so
        local until_then = text(now + policy.lease_seconds)
        set(job.id, 'not_before', until_then, 'lease_until', until_then)
      end
      join_queue(job.id, job.created_at)
      count_open(spec.client, 1)
    else
      local finished_at, expires_at = state(job.id, 'finished_at', 'expires_at')
      set(job.id, 'finished_at', finished_at or text(now),
        'expires_at', expires_at or text(now + policy.result_ttl_seconds))
      archive(job.id, spec)
    end
  end
end
if key then
  local submission = cjson.encode({fingerprint = ask.fingerprint, ids = ask.ids})
  redis.call('SET', key, submission, 'PX', ask.key_milliseconds)
end
return {'new'}
