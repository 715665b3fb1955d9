-- The adapter for nginx with lua-nginx-module:
-- init_by_lua_block { package.loaded.cookies = dofile("cookies.lua") }
-- rewrite_by_lua_block { require("cookies").request() }
-- header_filter_by_lua_block { require("cookies").response() }
-- If TLS ends before nginx, set the variable $cookiewarden_scheme to the scheme of browsers.

local function values_of(value)
  if value == nil then return {} end
  return type(value) == "table" and value or { value }
end

local function site_of()
  local vars = ngx.var
  return engine.site(vars.http_host or vars.host or "", vars.request_uri or "/", (vars.cookiewarden_scheme or vars.scheme) == "https")
end

local adapter = {}

function adapter.request()
  local headers = ngx.req.get_headers(0)
  local fields = values_of(headers["cookie"])
  local header = #fields > 0 and table.concat(fields, "; ") or nil
  local gpc = policy.consent and engine.says_gpc(values_of(headers["sec-gpc"])) or false
  local denied = engine.denied(policy, engine.answers(policy, header), gpc)
  local site = site_of()
  ngx.ctx.cookiewarden = { site = site, denied = denied, gpc = gpc }
  if header then
    local left = engine.cookie(policy, header, site, denied)
    if not left then ngx.req.clear_header("Cookie")
    elseif left ~= header or #fields > 1 then ngx.req.set_header("Cookie", left) end
  end
end

function adapter.response()
  local lines = values_of(ngx.header["Set-Cookie"])
  if #lines == 0 then return end
  local known = ngx.ctx.cookiewarden or { site = site_of(), denied = engine.denied(policy, {}, false), gpc = false }
  local dates = values_of(ngx.header["Date"])
  local sent = engine.set_cookies(policy, lines, known.site, known.denied, known.gpc, dates, ngx.time())
  ngx.header["Set-Cookie"] = #sent > 0 and sent or nil
end

return adapter
