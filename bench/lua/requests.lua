-- One request again and again: ARGV = method, path, body, content type. Reports rate, latencies and failures as JSON.

function init(args)
  local method, path, body, kind = args[1], args[2], args[3], args[4]
  local headers = {}
  if body and body ~= "" then headers["Content-Type"] = kind else body = nil end
  local prepared = wrk.format(method, path, headers, body)
  request = function() return prepared end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"rate": %f, "p50": %f, "p99": %f, "answers": %d, "failures": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.requests, errors.status + errors.connect + errors.read + errors.write + errors.timeout
  ))
end
