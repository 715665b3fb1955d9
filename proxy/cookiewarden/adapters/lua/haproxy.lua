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
  local gpc = policy.consent and engine.says_gpc(values_of(headers, "sec-gpc")) or false
  local denied = engine.denied(policy, engine.answers(policy, header), gpc)
  local scheme = values_of(headers, "x-forwarded-proto")[1]
  local https = scheme and string.lower(string.match(scheme, "^[ \t]*([^, \t]*)")) == "https" or txn.f:ssl_fc() == 1
  local site = engine.site(values_of(headers, "host")[1] or "", txn.f:pathq() or txn.f:path() or "/", https)
  txn:set_priv({ site = site, denied = denied, gpc = gpc })
  if header then
    local left = engine.cookie(policy, header, site, denied)
    if not left then
      txn.http:req_del_header("cookie")
    elseif left ~= header or #fields > 1 then
      txn.http:req_del_header("cookie")
      txn.http:req_add_header("cookie", left)
    end
  end
end)

core.register_action("cookies_response", { "http-res" }, function(txn)
  local headers = txn.http:res_get_headers()
  local lines = values_of(headers, "set-cookie")
  if #lines == 0 then return end
  local known = txn:get_priv()
  local dates = values_of(headers, "date")
  local sent = engine.set_cookies(policy, lines, known.site, known.denied, known.gpc, dates, os.time())
  txn.http:res_del_header("set-cookie")
  for i = 1, #sent do txn.http:res_add_header("set-cookie", sent[i]) end
end)
