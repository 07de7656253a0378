-- Load for wrk: each request is one of those in the file that BENCH_REQUESTS names. A line is a method, a path, a header
-- line (`-` for none) and a JSON body (`-` for none), separated by tabs. BENCH_ORDER is `random`, or `in turn`: one line
-- after the other, and from the first again.
-- At the end it prints one line of JSON, with times in microseconds.

local requests = {}
local order = os.getenv("BENCH_ORDER")
local next_line = 0

function init(_)
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local method, path, header, body = line:match("^([^\t]+)\t([^\t]+)\t([^\t]+)\t(.+)$")
    local headers = { Host = "localhost" }
    local name, value = header:match("^([^:]+): (.+)$")
    if name then headers[name] = value end
    if body ~= "-" then headers["Content-Type"] = "application/json" else body = nil end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
  math.randomseed(os.time())
end

function request()
  if order == "random" then return requests[math.random(#requests)] end
  next_line = next_line % #requests + 1
  return requests[next_line]
end

function done(summary, latency, _)
  io.write(string.format(
    '{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
