-- The adapter for Envoy's Lua filter. What the request says is kept in its dynamic metadata for the response.

local NAMESPACE = "cookiewarden"

local function values_of(headers, name)
  local values = {}
  for i = 0, headers:getNumValues(name) - 1 do values[#values + 1] = headers:getAtIndex(name, i) end
  return values
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local scheme = headers:get("x-forwarded-proto") or headers:get(":scheme") or "http"
  local https = string.lower(string.match(scheme, "^[ \t]*([^, \t]*)")) == "https"
  local authority, target = headers:get(":authority") or "", headers:get(":path") or "/"
  local site = engine.site(authority, target, https)
  local header = headers:get("cookie")
  local gpc = policy.consent and engine.says_gpc(values_of(headers, "sec-gpc")) or false
  local denied = engine.denied(policy, engine.answers(policy, header), gpc)
  local names = {}
  for name in pairs(denied) do names[#names + 1] = name end
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set(NAMESPACE, "request", table.concat({ site.host, site.path, https and "s" or "", gpc and "g" or "", table.concat(names, "\2") }, "\1"))
  if header then
    local left = engine.cookie(policy, header, site, denied)
    if not left then headers:remove("cookie") elseif left ~= header then headers:replace("cookie", left) end
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local lines = values_of(headers, "set-cookie")
  if #lines == 0 then return end
  local known = (handle:streamInfo():dynamicMetadata():get(NAMESPACE) or {}).request or "\1/\1\1\1"
  local host, path, https, gpc, names = string.match(known, "^([^\1]*)\1([^\1]*)\1([^\1]*)\1([^\1]*)\1(.*)$")
  local denied = {}
  for name in string.gmatch(names, "[^\2]+") do denied[name] = true end
  local site = { host = host, path = path, https = https == "s" }
  local sent = engine.set_cookies(policy, lines, site, denied, gpc == "g", values_of(headers, "date"), os.time())
  local is_same = #sent == #lines
  for i = 1, #sent do is_same = is_same and sent[i] == lines[i] end
  if is_same then return end
  headers:remove("set-cookie")
  for i = 1, #sent do headers:add("set-cookie", sent[i]) end
end
