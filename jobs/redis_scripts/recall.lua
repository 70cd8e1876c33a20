-- What was taken under a key: {fingerprint, ids...}; nothing where it is new.
local remembered = redis.call('GET', prefix .. 'key:' .. ask.key)
if not remembered then
  return false
end
local submission = cjson.decode(remembered)
return {submission.fingerprint, unpack(submission.ids)}
