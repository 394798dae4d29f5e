-- POST, poll without delay, get the result, again and again over one connection a thread: ARGV = path, body, content
-- type, path of a result with %s for its id ("" where a Location tells), Prefer of the POST ("" for none). Reports each walk's milliseconds as JSON.

local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } moment; int clock_gettime(int clock, moment *at);")
local MONOTONIC = 1
local at = ffi.new("moment")

local function now()
  ffi.C.clock_gettime(MONOTONIC, at)
  return tonumber(at.seconds) * 1e3 + tonumber(at.nanoseconds) / 1e6
end

local submission, result_path, where, began
taken = {}
failures = 0

function init(args)
  local headers = {["Content-Type"] = args[3]}
  if args[5] ~= "" then headers["Prefer"] = args[5] end
  submission = wrk.format("POST", args[1], headers, args[2])
  result_path = args[4]
end

function request()
  if where then return wrk.format("GET", where) end
  began = now()
  return submission
end

local function place_in(headers, body)
  if result_path ~= "" then return string.format(result_path, body:match('"result_id":%s*"([^"]+)"')) end
  for name, value in pairs(headers) do
    if name:lower() == "location" then return value:match("^%w+://[^/]+(.*)$") or value end
  end
end

function response(status, headers, body)
  if status >= 400 then
    failures = failures + 1
    where = nil
  elseif not where or status == 303 then
    where = place_in(headers, body)
  elseif status == 200 and not body:match('"ready":%s*false') then
    taken[#taken + 1] = now() - began
    where = nil
  end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done()
  local all, failed = {}, 0
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures")
    for _, each in ipairs(thread:get("taken")) do all[#all + 1] = string.format("%.3f", each) end
  end
  io.write('JSON {"taken": [' .. table.concat(all, ", ") .. '], "failures": ' .. failed .. '}\n')
end
