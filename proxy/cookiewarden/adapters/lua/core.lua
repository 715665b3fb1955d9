-- The engine of cookiewarden for a static subset of policies: the same cookies as the proxy, byte for byte.
-- It runs in LuaJIT and in Lua 5.1 to 5.4. Section numbers are of RFC 6265bis unless another document is named.

local engine = {}

local sub, find, match, lower, format = string.sub, string.find, string.match, string.lower, string.format
local byte, char, floor, concat = string.byte, string.char, math.floor, table.concat

local MAX_PAIR, MAX_ATTRIBUTE, MAX_CONSENT = 4096, 1024, 4096
local MAX_ANSWER_LINES, MAX_ANSWER_ATTRIBUTES = 24, 256
local MAX_KNOWN, MAX_SAME, MAX_EXPIRES, MAX_TABS = 12, 4, 2, 6
local FOREVER = 1000000000000
local KNOWN = {
  ["max-age"] = true, expires = true, domain = true, path = true, secure = true, httponly = true, samesite = true,
  partitioned = true, priority = true,
}
local IDENTITY = { path = true, domain = true, secure = true, partitioned = true, samesite = true }
local STRENGTH = { [""] = 0, none = 1, lax = 2, strict = 3 }

local function strip(text)
  return (match(text, "^[ \t]*(.-)[ \t]*$"))
end

local function starts(text, beginning)
  return sub(text, 1, #beginning) == beginning
end

local function ends(text, ending)
  return ending == "" or sub(text, -#ending) == ending
end

local function split(text, separator)
  local parts, at = {}, 1
  while true do
    local found = find(text, separator, at, true)
    if not found then
      parts[#parts + 1] = sub(text, at)
      return parts
    end
    parts[#parts + 1] = sub(text, at, found - 1)
    at = found + 1
  end
end

-- Check for control characters between two positions. LuaJIT compiles a loop, but no pattern: 0.1 us instead of 1.
local function has_control(text, first, final)
  for i = first, final do
    local octet = byte(text, i)
    if octet < 32 and octet ~= 9 or octet == 127 then return true end
  end
  return false
end
if not jit then
  has_control = function(text, first, final) return find(sub(text, first, final), "[%z\1-\8\10-\31\127]") ~= nil end
end

local function copy(list)
  local made = {}
  for i = 1, #list do made[i] = list[i] end
  return made
end

-- Dates (5.1.1) and their writer (RFC 9110 5.6.7)

local MONTHS = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10, nov = 11, dec = 12 }
local MONTH_NAMES = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
local DAY_NAMES = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" }
local LENGTHS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function days_of(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

local function digits(token, pattern)
  local found, after = match(token, pattern)
  if found and not find(after, "^%d") then return tonumber(found) end
end

local function parse_date(text)
  local hour, minute, second, day, month, year
  for token in string.gmatch(text, "[^\t -/;-@[-`{-~]+") do
    local h, m, s, after
    if not hour then h, m, s, after = match(token, "^(%d%d?):(%d%d?):(%d%d?)(.?)") end
    local known
    if h and not find(after, "^%d") then
      hour, minute, second = tonumber(h), tonumber(m), tonumber(s)
      known = true
    end
    if not known and not day then
      day = digits(token, "^(%d%d?)(.?)")
      known = day
    end
    if not known and not month then
      month = MONTHS[lower(sub(token, 1, 3))]
      known = month
    end
    if not known and not year then year = digits(token, "^(%d%d%d?%d?)(.?)") end
  end
  if not (hour and day and month and year) then return nil end
  if year >= 70 and year <= 99 then year = year + 1900 elseif year <= 69 then year = year + 2000 end
  if year < 1601 or hour > 23 or minute > 59 or second > 59 or day < 1 then return nil end
  local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  if day > LENGTHS[month] + (month == 2 and is_leap and 1 or 0) then return nil end
  return days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
end

local function imf_fixdate(seconds)
  if seconds > 253402300799 then seconds = 253402300799 end
  local days = floor(seconds / 86400)
  local rest = seconds - days * 86400
  local z = days + 719468
  local era = floor(z / 146097)
  local of_era = z - era * 146097
  local years = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * years + floor(years / 4) - floor(years / 100))
  local shifted = floor((5 * of_year + 2) / 153)
  local day = of_year - floor((153 * shifted + 2) / 5) + 1
  local month = shifted + (shifted < 10 and 3 or -9)
  local year = years + era * 400 + (month <= 2 and 1 or 0)
  return format(
    "%s, %02d %s %04d %02d:%02d:%02d GMT", DAY_NAMES[days % 7 + 1], day, MONTH_NAMES[month], year,
    floor(rest / 3600), floor(rest / 60) % 60, rest % 60
  )
end

-- Check for a date that browsers read alike, although HTTP does not allow it: RFC 850, asctime, other letter cases.
local ZONES = { [""] = true, [" gmt"] = true, [" utc"] = true, [" ut"] = true, [" z"] = true }
local function is_clear(text)
  if match(text, "^%a%a%a %a%a%a [ %d]%d %d%d:%d%d:%d%d %d%d%d%d$") then return true end
  text = match(text, "^%a%a%a%a*,? (%d.*)$") or text
  local year, zone = match(text, "^%d%d?[ -]%a%a%a[ -](%d+) %d%d?:%d%d:%d%d(.*)$")
  return year ~= nil and (#year == 2 or #year == 4) and ZONES[lower(zone)] == true
end

-- The times from which browsers may count an Expires. `dates`: the values of the Date fields. `sent` decides whether an
-- Expires is a deletion: the Date, or the latest time if the Date is unclear.
local function expires_clock(dates, now)
  local clock = { earliest = now, latest = now, sent = now, is_known = true }
  local first
  for i = 1, #dates do
    local text = strip(dates[i])
    local at = is_clear(text) and parse_date(text)
    if at and at > 0 then
      first = first or at
      if at < clock.earliest then clock.earliest = at end
      if at > clock.latest then clock.latest = at end
    end
  end
  if #dates > 0 then
    clock.is_known = #dates == 1 and first ~= nil and strip(dates[1]) == imf_fixdate(first)
    clock.sent = clock.is_known and first or clock.latest
  end
  return clock
end

-- Set-Cookie (5.6)

local function value_of(raw)
  local equals = find(raw, "=", 1, true)
  return equals and strip(sub(raw, equals + 1)) or ""
end

local function with_value(raw, value)
  local key = match(raw, "^([^=]*)")
  return match(key, "^(.-)[ \t]*$") .. "=" .. value
end

local function max_age(value)
  if #value > MAX_ATTRIBUTE then return nil end
  local minus, number = match(value, "^(%-?)(%d+)$")
  if not number then return nil end
  number = match(number, "^0*(%d*)$")
  local seconds = #number <= 12 and (tonumber(number) or 0) or FOREVER
  return minus == "-" and -seconds or seconds
end

-- Return the parts of a line, or nil if browsers ignore it or its meaning is unclear.
local function parse(line)
  if find(line, "[%z\1-\8\10-\31\127]") then return nil end
  local raws = split(line, ";")
  local pair = table.remove(raws, 1)
  local equals = find(pair, "=", 1, true)
  local name = equals and strip(sub(pair, 1, equals - 1)) or ""
  local value = strip(equals and sub(pair, equals + 1) or pair)
  if name == "" and value == "" then return nil end
  local cookie = { pair = pair, name = name, value = value, raws = raws, names = {}, at = {} }
  local known, same, most = 0, {}, 0
  for i = 1, #raws do
    local key = lower(strip(match(raws[i], "^([^=]*)")))
    if KNOWN[key] then
      known = known + 1
      same[key] = (same[key] or 0) + 1
      if same[key] > most then most = same[key] end
      if #raws[i] > MAX_ATTRIBUTE and #value_of(raws[i]) > MAX_ATTRIBUTE then key = "!" .. key end
    else
      key = ""
    end
    cookie.names[i] = key
    cookie.at[key] = i
  end
  local _, tabs = string.gsub(concat(raws), "\t", "")
  local is_clear = known <= MAX_KNOWN and most <= MAX_SAME and (same["expires"] or 0) <= MAX_EXPIRES and tabs <= MAX_TABS
  return is_clear and cookie or nil
end

local function last(cookie, name)
  local at = cookie.at[name]
  return at and value_of(cookie.raws[at]) or nil
end

-- Each Max-Age and Expires with position, name, value and meaning; the last valid ones of both.
local function lifetimes(cookie)
  local all, age, date = {}, nil, nil
  for i = 1, #cookie.names do
    local name = cookie.names[i]
    local bare = match(name, "^!?(max%-age)$") or match(name, "^!?(expires)$")
    if bare then
      local value = value_of(cookie.raws[i])
      local one = { at = i, name = bare, value = value }
      if name == "max-age" then
        one.seconds = max_age(value)
        if one.seconds then age = one end
      elseif name == "expires" then
        one.seconds = parse_date(value)
        if one.seconds then date = one end
      end
      all[#all + 1] = one
    end
  end
  return all, age, date
end

local function is_deletion(cookie, clock)
  local _, age, date = lifetimes(cookie)
  if age then return age.seconds <= 0 end
  return date ~= nil and date.seconds <= clock.sent
end

-- Drafts: positions stay, removed attributes are marked, and added ones follow all others.

local function draft_of(cookie)
  local draft = {
    pair = cookie.pair, name = cookie.name, value = cookie.value, raws = copy(cookie.raws), names = cookie.names,
    at = {}, gone = {}, given = #cookie.names, is_changed = false, moved = false,
  }
  for name, at in pairs(cookie.at) do draft.at[name] = at end
  return draft
end

-- Added attributes come before an empty last one, if the header ends with `;`.
local function empty_end(draft)
  local at = draft.given
  while draft.gone[at] do at = at - 1 end
  return at >= 1 and draft.names[at] == "" and strip(draft.raws[at]) == "" and at or nil
end

local function add(draft, name, raw)
  if draft.empty == nil then draft.empty = empty_end(draft) or false end
  draft.raws[#draft.raws + 1] = raw
  draft.at[name] = #draft.raws
  draft.is_changed = true
end

local function drop(draft, unwanted)
  draft.at[unwanted] = nil
  for i = 1, draft.given do
    if draft.names[i] == unwanted then draft.gone[i] = true end
  end
  draft.is_changed = true
end

-- Attributes that are too long. Firefox reads them, other browsers ignore them.
local function drop_ignored(draft, unwanted)
  if draft.at["!" .. unwanted] then
    drop(draft, "!" .. unwanted)
    return true
  end
  return false
end

local function drop_all(draft, unwanted)
  local is_dropped = draft.at[unwanted] ~= nil
  if is_dropped then drop(draft, unwanted) end
  return drop_ignored(draft, unwanted) or is_dropped
end

local function put(draft, name, spelled, value)
  local at = draft.at[name]
  if at then
    draft.raws[at] = with_value(draft.raws[at], value)
    draft.is_changed = true
  else
    add(draft, name, spelled .. value)
  end
end

local function left(draft)
  local kept, moved = {}, nil
  for i = 1, #draft.raws do
    if not draft.gone[i] then
      if i == draft.empty then moved = draft.raws[i] else kept[#kept + 1] = draft.raws[i] end
    end
  end
  if moved then kept[#kept + 1] = moved end
  return kept
end

local function text_of(draft)
  local kept = left(draft)
  return #kept == 0 and draft.pair or draft.pair .. ";" .. concat(kept, ";")
end

-- Scope

local function is_ip_address(host)
  return starts(host, "[") or match(host, "^%d%d?%d?%.%d%d?%d?%.%d%d?%d?%.%d%d?%d?$") ~= nil
end

local function domain_match(host, domain)
  if host == domain then return true end
  return domain ~= "" and ends(host, "." .. domain) and not is_ip_address(host)
end

local function is_trustworthy(host)
  return host == "localhost" or host == "[::1]" or ends(host, ".localhost")
    or (starts(host, "127.") and is_ip_address(host))
end

local function path_match(path, wanted)
  if not starts(path, wanted) then return false end
  return #path == #wanted or ends(wanted, "/") or sub(path, #wanted + 1, #wanted + 1) == "/"
end

local function host_matches(pattern, host)
  if starts(pattern, "*.") then return #host > #pattern - 1 and ends(host, sub(pattern, 2)) end
  return pattern == host
end

local function prefix_of(name)
  if not starts(name, "__") then return "" end
  local low = lower(name)
  return match(low, "^__host%-http%-") or match(low, "^__http%-") or match(low, "^__host%-")
    or match(low, "^__secure%-") or ""
end

-- Verbs

local function same_site_of(draft)
  local at = draft.at.samesite
  local value = at and lower(value_of(draft.raws[at])) or ""
  return STRENGTH[value] and value or ""
end

local function needs_secure(draft)
  return draft.at.partitioned ~= nil or same_site_of(draft) == "none"
end

local function require_secure(draft)
  if not draft.at.secure then add(draft, "secure", " Secure") end
end

local function domain_of(value)
  value = lower(value)
  return starts(value, ".") and sub(value, 2) or value
end

local function edit_domain(draft, widest)
  local value = last(draft, "domain")
  if not value then return end
  if widest == "host-only" then
    drop(draft, "domain")
    draft.moved = true
  else
    local domain = domain_of(value)
    if domain ~= "" and not domain_match(domain, widest) then
      put(draft, "domain", " Domain=", widest)
      draft.moved = true
    end
  end
end

local function edit_path(draft, wanted)
  if last(draft, "path") ~= wanted then
    put(draft, "path", " Path=", wanted)
    draft.moved = true
  end
end

-- The beginning of a Path is replaced by whole segments. The longest move is first.
local function move_path(draft, moves)
  local value = last(draft, "path")
  for i = 1, value and #moves or 0 do
    local before, after = moves[i].before or "", moves[i].after or ""
    if value == before or starts(value, before .. "/") then
      if match(value, "^(.-)/*$") ~= before then after = after .. sub(value, #before + 1) end
      edit_path(draft, after ~= "" and after or "/")
      return
    end
  end
end

local function move_domain(draft, moves)
  local value = last(draft, "domain")
  local domain = value and domain_of(value) or ""
  local after = moves[domain]
  if not after or after == domain then return end
  if after == "host-only" then drop(draft, "domain") else put(draft, "domain", " Domain=", after) end
  draft.moved = true
end

local function is_refused_at(cookie, host)
  local domain = domain_of(last(cookie, "domain") or "")
  return domain ~= "" and domain ~= host and not domain_match(host, domain)
end

local function keep_promise(draft)
  local prefix = prefix_of(draft.name)
  if prefix == "" then return end
  if starts(prefix, "__host-") then
    edit_domain(draft, "host-only")
    edit_path(draft, "/")
  end
  require_secure(draft)
  if ends(prefix, "http-") and not draft.at.httponly then add(draft, "httponly", " HttpOnly") end
end

local function edit_sending(draft, entry, https, is_a_deletion)
  if entry.partitioned == "true" then
    if not draft.at.partitioned then
      add(draft, "partitioned", " Partitioned")
      draft.moved = true
    end
  elseif entry.partitioned == "remove" and drop_all(draft, "partitioned") then
    draft.moved = true
  end
  -- Without SameSite=None, browsers ignore a deletion in a frame of another site.
  if entry.same_site == "remove" then
    if not is_a_deletion then drop_all(draft, "samesite") end
  elseif entry.same_site and not (is_a_deletion and same_site_of(draft) == "none") then
    drop_ignored(draft, "samesite")
    local current, wanted = same_site_of(draft), lower(entry.same_site_value)
    local is_satisfied
    if entry.same_site == "exactly" then is_satisfied = current == wanted
    elseif entry.same_site == "default" then is_satisfied = current ~= ""
    else is_satisfied = STRENGTH[current] >= STRENGTH[wanted] end
    if not is_satisfied then put(draft, "samesite", " SameSite=", entry.same_site_value) end
  end
  local verb = entry.secure
  if verb == "true" or verb == "https" then
    if not draft.at.secure and (https or (verb == "true" and not is_a_deletion)) then require_secure(draft) end
  elseif verb ~= "keep" then
    if needs_secure(draft) then require_secure(draft)
    elseif verb == "remove" then drop_all(draft, "secure") end
  end
end

local function edit_reading(draft, entry)
  if entry.http_only == "true" then
    if not draft.at.httponly then add(draft, "httponly", " HttpOnly") end
  elseif entry.http_only == "remove" then
    drop_all(draft, "httponly")
  end
  if entry.priority then
    local priority = last(draft, "priority")
    if not priority or lower(priority) ~= lower(entry.priority) then
      put(draft, "priority", " Priority=", entry.priority)
    end
  end
end

local function bound_lifetime(draft, bound, clock)
  local all, age, date = lifetimes(draft)
  if #all == 0 then return end
  if not clock.is_known then date = nil end
  local kept = {}
  if bound > 0 then
    if age then kept[#kept + 1] = age end
    if date then kept[#kept + 1] = date end
  end
  local skewed
  for i = 1, #kept do
    local one = kept[i]
    local latest = one.name == "expires" and bound + floor(clock.earliest) or bound
    local least = one.seconds < latest and one.seconds or latest
    local canonical = one.name == "expires" and imf_fixdate(least) or format("%d", least)
    if one.name == "expires" and one.seconds > latest and latest <= clock.latest and one.seconds > clock.sent then
      -- Some browsers would read the bounded Expires as a deletion.
      skewed = one.seconds - floor(clock.sent)
      if skewed > bound then skewed = bound end
    elseif canonical ~= one.value then
      draft.raws[one.at] = with_value(draft.raws[one.at], canonical)
      draft.is_changed = true
    end
  end
  if #kept < #all then
    for i = 1, #all do draft.gone[all[i].at] = true end
    for i = 1, #kept do draft.gone[kept[i].at] = nil end
    draft.is_changed = true
  end
  if skewed then
    draft.gone[date.at] = true
    draft.is_changed = true
    if not age then add(draft, "max-age", format(" Max-Age=%d", skewed)) end
  end
end

local function keeps_prefix(cookie)
  local prefix = prefix_of(cookie.name)
  if prefix == "" then return true end
  if not cookie.at.secure or (ends(prefix, "http-") and not cookie.at.httponly) then return false end
  if starts(prefix, "__host-") then
    if cookie.at.domain then
      for i = 1, #cookie.names do
        if cookie.names[i] == "domain" and value_of(cookie.raws[i]) ~= "" then return false end
      end
    end
    return last(cookie, "path") == "/"
  end
  return true
end

local function is_refused(cookie)
  return (not cookie.at.secure and needs_secure(cookie)) or not keeps_prefix(cookie)
    or #cookie.name + #cookie.value > MAX_PAIR
end

-- Deletions

local function has_tab(raw)
  return find(raw, "\t", 1, true) ~= nil
end

-- An attribute without the tabs around its name and its value, which browsers ignore.
local function without_outer_tabs(raw)
  if not has_tab(raw) then return raw end
  local equals = find(raw, "=", 1, true)
  if not equals then return " " .. strip(raw) end
  return " " .. strip(sub(raw, 1, equals - 1)) .. "=" .. strip(sub(raw, equals + 1))
end

-- The cookie without attributes that have a tab elsewhere, because Chromium ignores a line with a tab in a value.
local function without_tabs(cookie)
  if not has_tab(concat(cookie.raws)) then return cookie end
  local raws, names, at = {}, {}, {}
  for i = 1, #cookie.names do
    local raw = without_outer_tabs(cookie.raws[i])
    if not has_tab(raw) then
      raws[#raws + 1] = raw
      names[#names + 1] = cookie.names[i]
      at[cookie.names[i]] = #names
    end
  end
  return { pair = cookie.pair, name = cookie.name, value = cookie.value, raws = raws, names = names, at = at }
end

local function delete(draft)
  local all = lifetimes(draft)
  for i = 1, draft.given do
    if starts(draft.names[i], "!") then
      draft.gone[i] = true
      draft.is_changed = true
    end
  end
  if #all ~= 1 or all[1].name ~= "max-age" or all[1].value ~= "0" or draft.names[all[1].at] ~= "max-age" then
    for i = 1, #all do draft.gone[all[i].at] = true end
    for i = 1, draft.given do
      if draft.names[i] == "" and strip(draft.raws[i]) == "" then draft.gone[i] = true end
    end
    draft.raws[#draft.raws + 1] = " Max-Age=0"
    draft.at["max-age"] = #draft.raws
    draft.is_changed = true
  end
  if draft.value ~= "" then
    local equals = find(draft.pair, "=", 1, true)
    draft.pair = equals and sub(draft.pair, 1, equals) or draft.pair
    draft.value, draft.is_changed = "", true
  end
end

-- A deletion with only the cookie's identity.
local function bare_deletion(cookie)
  cookie = without_tabs(cookie)
  local raws, names = {}, {}
  local is_cross_site = same_site_of(cookie) == "none"
  for i = 1, #cookie.names do
    local name = cookie.names[i]
    if IDENTITY[name] and (name ~= "samesite" or is_cross_site) then
      raws[#raws + 1] = cookie.raws[i]
      names[#names + 1] = name
    end
  end
  local pair = cookie.name ~= "" and cookie.name .. "=" or "deleted"
  local at = {}
  for i = 1, #names do at[names[i]] = i end
  local draft = draft_of({ pair = pair, name = cookie.name, value = "", raws = raws, names = names, at = at })
  keep_promise(draft)
  if needs_secure(draft) then require_secure(draft) end
  raws = left(draft)
  raws[#raws + 1] = " Max-Age=0"
  return pair .. ";" .. concat(raws, ";")
end

-- Entries

local function glob_matches(parts, name)
  if not starts(name, parts[1]) then return false end
  local tail = parts[#parts]
  local at, stop = #parts[1] + 1, #name - #tail
  for i = 2, #parts - 1 do
    local found, finish = find(name, parts[i], at, true)
    if not found or finish > stop then return false end
    at = finish + 1
  end
  return at <= stop + 1 and ends(name, tail)
end

-- The entry of a name; `path` is nil for a request.
local function entry_of(policy, name, host, path)
  local function applies(rule)
    return (not rule.host or host_matches(rule.host, host)) and (not path or not rule.path or path_match(path, rule.path))
  end
  local exact = policy.exact[name]
  for i = 1, exact and #exact or 0 do
    if applies(exact[i]) then return policy.entries[exact[i].entry] end
  end
  if name == "" then return nil end
  for i = 1, #policy.globs do
    local rule = policy.globs[i]
    if glob_matches(rule.parts, name) and applies(rule) then return policy.entries[rule.entry] end
  end
  return nil
end

local function decide(policy, line, cookie, entry, site, denied, clock)
  local deletion = is_deletion(cookie, clock)
  if not entry then
    local is_ambiguous = not find(cookie.pair, "=", 1, true) and entry_of(policy, cookie.value, site.host, site.path)
    if policy.response ~= "block" and not is_ambiguous then return nil, line end
    if deletion then return nil, bare_deletion(cookie) end
    return nil, nil
  end
  if denied[entry.category] and not deletion then return nil, nil end
  local sent = cookie
  if deletion then cookie = without_tabs(cookie) end
  local draft = draft_of(cookie)
  draft.is_changed = cookie ~= sent
  if entry.domain then edit_domain(draft, entry.domain) elseif entry.domain_moves then move_domain(draft, entry.domain_moves) end
  if entry.path then edit_path(draft, entry.path) elseif entry.path_moves and not starts(prefix_of(draft.name), "__host-") then move_path(draft, entry.path_moves) end
  edit_sending(draft, entry, deletion and site.takes_secure or (not deletion and site.https), deletion)
  if deletion then
    keep_promise(draft)
    if needs_secure(draft) then require_secure(draft) end
    delete(draft)
  else
    edit_reading(draft, entry)
    if entry.bound then bound_lifetime(draft, entry.bound, clock) end
    if is_refused(draft) then return nil, nil end
  end
  local superseded
  local is_elsewhere = entry.domain_moves and is_refused_at(cookie, site.host)
  if draft.moved and entry.supersede and not is_elsewhere and not is_refused(cookie) then superseded = bare_deletion(cookie) end
  return superseded, draft.is_changed and text_of(draft) or line
end

-- Consent as a list (`granted_by` of each category), with the quoting of frameworks removed

local function is_utf8(text)
  local at = 1
  while at <= #text do
    local first = byte(text, at)
    local more = first < 0x80 and 0 or first >= 0xC2 and first < 0xE0 and 1 or first >= 0xE0 and first < 0xF0 and 2
      or first >= 0xF0 and first < 0xF5 and 3
    if not more then return false end
    for i = 1, more do
      local octet = byte(text, at + i)
      local low = i == 1 and (first == 0xE0 and 0xA0 or first == 0xF0 and 0x90) or 0x80
      local high = i == 1 and (first == 0xED and 0x9F or first == 0xF4 and 0x8F) or 0xBF
      if not octet or octet < low or octet > high then return false end
    end
    at = at + more + 1
  end
  return true
end

local function unquoted(text)
  if #text < 2 or sub(text, 1, 1) ~= '"' or sub(text, -1) ~= '"' then return text end
  local inner = sub(text, 2, -2)
  if not find(inner, "\\", 1, true) then return inner end
  local plain, at = {}, 1
  while at <= #inner do
    local one = sub(inner, at, at)
    if one == '"' then return inner end
    if one ~= "\\" then
      plain[#plain + 1] = one
      at = at + 1
    elseif find(inner, '^\\["\\]', at) then
      plain[#plain + 1] = sub(inner, at + 1, at + 1)
      at = at + 2
    else
      local octal = match(inner, "^\\([0-3][0-7][0-7])", at)
      if not octal then return inner end
      plain[#plain + 1] = char(tonumber(octal, 8))
      at = at + 4
    end
  end
  local found = concat(plain)
  return is_utf8(found) and found or nil
end

local function decoded(text)
  if not find(text, "%", 1, true) then return text end
  local bare = string.gsub(text, "%%%x%x", "")
  if find(bare, "%", 1, true) then return nil end
  local found = string.gsub(text, "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end)
  return is_utf8(found) and found or nil
end

local function unwrapped(text)
  local plain = unquoted(text)
  if not plain then return nil end
  if plain ~= text then
    plain = decoded(plain)
  else
    plain = decoded(text)
    plain = plain and unquoted(plain)
  end
  if not plain then return nil end
  local signature = starts(plain, "s:") and #plain >= 46 and match(sub(plain, -44), "^%.[A-Za-z0-9+/]+$")
  return signature and sub(plain, 3, -45) or plain
end

local function list_of(text)
  if not text or find(text, "\194[\128-\159]") then return nil end
  if find(text, "[^A-Za-z0-9_.:*/,| \t\n\r\f\v\128-\255-]") then return nil end
  local words, named = {}, {}
  for word in string.gmatch(text, "[^,| \t\n\r\f\v]+") do
    if not words[word] then named[#named + 1] = word end
    words[word] = true
  end
  table.sort(named)
  return words, concat(named, ",")
end

-- The words of one value with their text, or nil. `false` is a fault that ends the reading.
local function words_of(value)
  local text = strip(value)
  if #text > MAX_CONSENT or not is_utf8(text) or find(text, "\239\191\189", 1, true) then return nil end
  local plain = unwrapped(text)
  if plain == nil then return nil end
  local words, key = list_of(plain)
  if find(text, "+", 1, true) and find(text, "%", 1, true) then
    local other = unwrapped((string.gsub(text, "%+", "%%20")))
    if other == nil then return nil end
    local second, second_key = list_of(other)
    if words and second then
      if key == second_key then return words, key end
      return nil
    end
    if second then return second, second_key end
  end
  return words, key
end

local function lacks(words, wanted)
  for i = 1, #wanted do
    if not words[wanted[i]] then return true end
  end
  return false
end

-- Return the denied categories as a set, for the values of the consent cookie.
local function denied_by(policy, values, gpc)
  local denied = {}
  local consent = policy.consent
  if not consent then return denied end
  local answers, words, key, is_unknown = {}, nil, nil, false
  for i = 1, #values do
    local found, found_key = words_of(values[i])
    if not found or (key and key ~= found_key) then is_unknown = true end
    answers[i], words, key = found or false, found, found_key or key
  end
  if is_unknown then words = nil end
  for category, gate in pairs(consent.gates) do
    if gpc and (gate.gpc == "deny" or (gate.gpc == "default" and not words)) then
      denied[category] = true
    elseif not words then
      denied[category] = not gate.unknown_grants or nil
    elseif lacks(words, gate.granted_by) then
      denied[category] = true
    end
    -- Of several answers, any readable one may object.
    for i = 1, gate.opt_out and #answers or 0 do
      if answers[i] and lacks(answers[i], gate.granted_by) then denied[category] = true end
    end
  end
  return denied
end

-- Scopes: exchanges with equal sites and answers, which share decisions

local MAX_SCOPES, MAX_REMEMBERED, MAX_MEMO = 256, 4096, 1000
local SEPARATOR, FIELDS = "\1", "^([^\1]*)\1([^\1]*)\1([^\1]*)\1(.*)$"
local scopes, scope_count, remembered = {}, 0, 0

-- Return the text of a scope: the flags, the denied categories, and host and path of rules with a scope. The path is the
-- last part, because it may have any octets.
local function scope_text(flags, host, path, denied)
  local names = {}
  for name in pairs(denied) do names[#names + 1] = name end
  table.sort(names)
  return concat({ flags, concat(names, "\2"), host, path }, SEPARATOR)
end

local function scope_of(text)
  local scope = scopes[text]
  if scope then return scope end
  if scope_count >= MAX_SCOPES then scopes, scope_count, remembered = {}, 0, 0 end
  scope_count = scope_count + 1
  local flags, names, host, path = match(text, FIELDS)
  local https = find(flags, "s", 1, true) ~= nil
  local site = { host = host, path = path, https = https, takes_secure = https or find(flags, "t", 1, true) ~= nil }
  scope = { flags = flags, site = site, denied = {}, lines = {}, names = {} }
  for name in string.gmatch(names, "[^\2]+") do scope.denied[name] = true end
  scopes[text] = scope
  return scope
end

local function host_of(authority)
  return lower((string.gsub(strip(authority), ":%d*$", "")))
end

local function make_room()
  if remembered >= MAX_REMEMBERED then
    for _, scope in pairs(scopes) do scope.lines, scope.names = {}, {} end
    remembered = 0
  end
  remembered = remembered + 1
end

-- Return the values of the consent cookie in a Cookie field, which may be nil.
local function answers(policy, header)
  local values, pieces = {}, header and policy.consent.cookie and split(header, ";") or {}
  for i = 1, #pieces do
    local equals = find(pieces[i], "=", 1, true)
    if equals and strip(sub(pieces[i], 1, equals - 1)) == policy.consent.cookie then
      values[#values + 1] = sub(pieces[i], equals + 1)
    end
  end
  return values
end

-- Check whether Sec-GPC says 1, in one field or in several.
local function says_gpc(values)
  local says = false
  for i = 1, #values do
    for word in string.gmatch(values[i], "[^,]*") do
      if strip(word) == "1" then says = true elseif word ~= "" or values[i] == "" then return false end
    end
  end
  return says
end

-- Entry points of the adapters

-- The scope of HTTPS requests if the policy has neither scopes nor consent.
local USUAL = "s\1\1\1/"
engine.USUAL = USUAL

local flags_of, flag_count = {}, 0

-- Return the flag of a plain HTTP request to an authority.
local function http_flag(authority)
  local flag = flags_of[authority]
  if flag then return flag end
  if flag_count >= MAX_SCOPES then flags_of, flag_count = {}, 0 end
  flag = is_trustworthy(host_of(authority)) and "t" or ""
  flags_of[authority], flag_count = flag, flag_count + 1
  return flag
end

-- Return the text of a request's scope, for `engine.cookie` and `engine.set_cookies`, also in another worker. `header` is
-- the Cookie field or nil. The functions return the authority, the target and the values of Sec-GPC; they are called if
-- the policy needs them. Flags: `s` for HTTPS, `t` for a host to which browsers send Secure cookies by HTTP, `g` for GPC.
function engine.request(policy, authority, target, https, header, gpc_values)
  local reads_host, reads_path, consent = policy.reads_host, policy.reads_path, policy.consent
  local flags = https and "s" or http_flag(authority())
  if not (reads_host or reads_path or consent) then return flags .. "\1\1\1/" end
  local host, path, denied = "", "/", {}
  if reads_host then host = host_of(authority()) end
  if reads_path then path = match(target(), "^([^?]*)") end
  if consent then
    local gpc = says_gpc(gpc_values())
    denied = denied_by(policy, answers(policy, header), gpc)
    if gpc then flags = flags .. "g" end
  end
  return scope_text(flags, host, starts(path, "/") and path or "/", denied)
end

-- Check whether the application may get a cookie with this name, and remember it.
local function is_forwarded(policy, raw, scope)
  local is_kept
  local entry = entry_of(policy, strip(raw), scope.site.host, nil)
  if entry then is_kept = entry.forward and not scope.denied[entry.category] or false
  else is_kept = policy.request ~= "strip" end
  if #raw <= MAX_MEMO then
    make_room()
    scope.names[raw] = is_kept
  end
  return is_kept
end

-- Return the Cookie field for the application; nil if all cookies are stripped.
function engine.cookie(policy, header, text)
  local scope = scope_of(text)
  local kept, count, is_changed, first_removed, has_content = {}, 0, false, false, false
  local at, stop, equals = 1, #header + 1, 0
  while at <= stop do
    local finish = find(header, ";", at, true) or stop
    if equals and equals < at then equals = find(header, "=", at, true) end
    local name = equals and equals < finish and sub(header, at, equals - 1) or nil
    local is_kept = true
    if name or (find(header, "[^ \t]", at) or stop) < finish then
      name = name or ""
      is_kept = scope.names[name]
      if is_kept == nil then is_kept = is_forwarded(policy, name, scope) end
      has_content = has_content or is_kept
    end
    if is_kept then
      count = count + 1
      kept[count] = sub(header, at, finish - 1)
    else
      is_changed = true
      first_removed = first_removed or at == 1
    end
    at = finish + 1
  end
  if not is_changed then return header end
  if not has_content then return nil end
  local left = concat(kept, ";")
  return first_removed and match(left, "^[ \t]*(.*)$") or left
end

-- If lines set the consent cookie, return the scope with the strictest of the previous and the new answers.
local function after_answer(policy, lines, scope, clock)
  local both, named, is_too_much = nil, {}, false
  local gpc = find(scope.flags, "g", 1, true) ~= nil
  local function add(values)
    both = both or {}
    for category in pairs(denied_by(policy, values, gpc)) do both[category] = true end
  end
  for i = 1, #lines do
    local name, attributes = match(lines[i], "^([^=;]*)=[^;]*;?(.*)$")
    if name and strip(name) == policy.consent.cookie then
      named[#named + 1] = lines[i]
      is_too_much = is_too_much or #attributes > MAX_ANSWER_ATTRIBUTES
    end
  end
  if is_too_much or #named > MAX_ANSWER_LINES then
    add({})
    add({ "\255" }) -- a value that cannot be read
    add({ "" }) -- an objection
    named = {}
  end
  for i = 1, #named do
    local cookie = parse(named[i])
    if cookie and cookie.name == policy.consent.cookie then
      add(is_deletion(cookie, clock) and {} or { cookie.value })
    end
  end
  if not both then return scope end
  for category in pairs(scope.denied) do both[category] = true end
  return scope_of(scope_text(scope.flags, scope.site.host, scope.site.path, both))
end

-- Judge a line that has no decision in the memo. Return a deletion of the previous cookie and the line; each may be nil.
local function judge(policy, line, scope, clock)
  line = match(line, "^(.-)[ \t]*$")
  local cookie = parse(line)
  if not cookie then return nil, nil end
  local site = scope.site
  local entry = entry_of(policy, cookie.name, site.host, site.path)
  local superseded, after = decide(policy, line, cookie, entry, site, scope.denied, clock)
  -- The result may be kept if it depends neither on the value nor on the time.
  local equals, semicolon = find(line, "=", 1, true), find(line, ";", 1, true)
  if cookie.name ~= "" and semicolon and equals < semicolon and #line < MAX_MEMO
    and not cookie.at.expires and not cookie.at["!expires"]
    and not is_deletion(cookie, clock) and (not after or starts(after, cookie.pair)) then
    make_room()
    local name, tail = sub(line, 1, equals), sub(line, semicolon)
    scope.lines[name] = scope.lines[name] or {}
    scope.lines[name][tail] = { before = superseded, tail = after and sub(after, #cookie.pair + 1) }
  end
  return superseded, after
end

-- Return the Set-Cookie lines for the browser in order, and true if they are the same. `dates` returns the values of the
-- response's Date fields, and `now` the time in seconds.
function engine.set_cookies(policy, lines, text, dates, now)
  local scope, clock = scope_of(text), nil
  if policy.consent and policy.consent.cookie then
    clock = expires_clock(dates(), now())
    scope = after_answer(policy, lines, scope, clock)
  end
  local sent, count, is_same = {}, 0, true
  for i = 1, #lines do
    local line = lines[i]
    local equals, semicolon = find(line, "=", 1, true), find(line, ";", 1, true)
    local by_tail = equals and semicolon and equals < semicolon and scope.lines[sub(line, 1, equals)]
    local known = by_tail and by_tail[sub(line, semicolon)]
    local before, after
    if known and semicolon < 4000 and not has_control(line, equals + 1, semicolon - 1) then
      before, after = known.before, known.tail and sub(line, 1, semicolon - 1) .. known.tail
    else
      clock = clock or expires_clock(dates(), now())
      before, after = judge(policy, line, scope, clock)
    end
    if before then
      count = count + 1
      sent[count] = before
    end
    if after then
      count = count + 1
      sent[count] = after
    end
    is_same = is_same and before == nil and after == line
  end
  return sent, is_same
end
