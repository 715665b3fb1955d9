-- The adapter for Envoy's Lua filter. Dynamic metadata keeps the scope of a request for the response, unless it is the
-- usual one.

local NAMESPACE = "cookiewarden"

local function values_of(headers, name)
  local values = {}
  for i = 1, headers:getNumValues(name) do values[i] = headers:getAtIndex(name, i - 1) end
  return values
end

local function nothing() return "" end

-- The scope of a response whose request this filter has not seen, or of a usual request.
local function unseen()
  return engine.request(policy, nothing, nothing, true, nil, function() return {} end)
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local scheme = headers:get("x-forwarded-proto") or headers:get(":scheme") or "http"
  local https = scheme == "https" or string.lower(string.match(scheme, "^[ \t]*([^, \t]*)")) == "https"
  local header = headers:get("cookie")
  local scope = engine.request(
    policy,
    function() return headers:get(":authority") or "" end,
    function() return headers:get(":path") or "/" end,
    https,
    header,
    function() return values_of(headers, "sec-gpc") end
  )
  if scope ~= engine.USUAL then handle:streamInfo():dynamicMetadata():set(NAMESPACE, "scope", scope) end
  if header then
    local left = engine.cookie(policy, header, scope)
    if not left then headers:remove("cookie") elseif left ~= header then headers:replace("cookie", left) end
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local lines = values_of(headers, "set-cookie")
  if #lines == 0 then return end
  local known = handle:streamInfo():dynamicMetadata():get(NAMESPACE)
  local scope = known and known.scope or unseen()
  local sent, is_same = engine.set_cookies(policy, lines, scope, function() return values_of(headers, "date") end, os.time)
  if is_same then return end
  headers:remove("set-cookie")
  for i = 1, #sent do headers:add("set-cookie", sent[i]) end
end
