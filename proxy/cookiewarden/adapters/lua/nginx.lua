-- The adapter for nginx with lua-nginx-module:
-- init_by_lua_block { package.loaded.cookies = dofile("cookies.lua") }
-- rewrite_by_lua_block { require("cookies").request() }
-- header_filter_by_lua_block { require("cookies").response() }
-- If TLS ends before nginx, set the variable $cookiewarden_scheme to the scheme of browsers.

local function values_of(value)
  if value == nil then return {} end
  return type(value) == "table" and value or { value }
end

local adapter = {}

local function scope_of(header, headers)
  local vars = ngx.var
  return engine.request(
    policy,
    function() return vars.http_host or vars.host or "" end,
    function() return vars.request_uri or "/" end,
    (vars.cookiewarden_scheme or vars.scheme) == "https",
    header,
    function() return values_of(headers()["sec-gpc"]) end
  )
end

function adapter.request()
  local header = ngx.var.http_cookie
  local scope = scope_of(header, function() return ngx.req.get_headers(0) end)
  ngx.ctx.cookiewarden = scope
  if header then
    local left = engine.cookie(policy, header, scope)
    if not left then ngx.req.clear_header("Cookie") else ngx.req.set_header("Cookie", left) end
  end
end

function adapter.response()
  local lines = values_of(ngx.header["Set-Cookie"])
  if #lines == 0 then return end
  local scope = ngx.ctx.cookiewarden or scope_of(nil, function() return {} end)
  local dates = function() return values_of(ngx.header["Date"]) end
  local sent, is_same = engine.set_cookies(policy, lines, scope, dates, ngx.time)
  if not is_same then ngx.header["Set-Cookie"] = #sent > 0 and sent or nil end
end

return adapter
