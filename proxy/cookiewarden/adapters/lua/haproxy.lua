-- The adapter for HAProxy: lua-load cookies.lua, then `http-request lua.cookies` and `http-response lua.cookies_response`.

local function values_of(headers, name)
  local values, found = {}, headers[name]
  local at = 0
  while found and found[at] do
    values[#values + 1] = found[at]
    at = at + 1
  end
  return values
end

core.register_action("cookies", { "http-req" }, function(txn)
  local headers = txn.http:req_get_headers()
  local fields = values_of(headers, "cookie")
  local header = #fields > 0 and table.concat(fields, "; ") or nil
  local scheme = values_of(headers, "x-forwarded-proto")[1]
  local https = scheme and string.lower(string.match(scheme, "^[ \t]*([^, \t]*)")) == "https" or txn.f:ssl_fc() == 1
  local scope = engine.request(
    policy,
    function() return values_of(headers, "host")[1] or "" end,
    function() return txn.f:pathq() or txn.f:path() or "/" end,
    https,
    header,
    function() return values_of(headers, "sec-gpc") end
  )
  txn:set_priv(scope)
  if header then
    local left = engine.cookie(policy, header, scope)
    if not left then
      txn.http:req_del_header("cookie")
    elseif left ~= header or #fields > 1 then
      txn.http:req_set_header("cookie", left)
    end
  end
end)

core.register_action("cookies_response", { "http-res" }, function(txn)
  local headers = txn.http:res_get_headers()
  local lines = values_of(headers, "set-cookie")
  if #lines == 0 then return end
  local scope = txn:get_priv() or engine.USUAL
  local dates = function() return values_of(headers, "date") end
  local sent, is_same = engine.set_cookies(policy, lines, scope, dates, os.time)
  if is_same then return end
  txn.http:res_del_header("set-cookie")
  for i = 1, #sent do txn.http:res_add_header("set-cookie", sent[i]) end
end)
