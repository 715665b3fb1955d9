-- The engine of cookiewarden for a static subset of policies: the same cookies as the proxy, byte for byte.
-- It runs in LuaJIT and in Lua 5.1 to 5.4. Section numbers are of RFC 6265bis unless another document is named.

local engine = {}

local sub, find, match, lower, format = string.sub, string.find, string.match, string.lower, string.format
local byte, char, floor, concat = string.byte, string.char, math.floor, table.concat

local MAX_PAIR, MAX_ATTRIBUTE, MAX_KNOWN, MAX_CONSENT = 4096, 1024, 12, 16384
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

-- The time from which browsers count an Expires; negative if it is unknown. `dates`: the values of the Date fields.
local function expires_clock(dates, now)
  if #dates == 0 then return now end
  local text = strip(dates[1])
  local at = #dates == 1 and parse_date(text) or nil
  if at and at > 0 and text == imf_fixdate(at) then return at < now and at or now end
  return -now
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
  local known = 0
  for i = 1, #raws do
    local key = lower(strip(match(raws[i], "^([^=]*)")))
    if KNOWN[key] then
      known = known + 1
      if #raws[i] > MAX_ATTRIBUTE and #value_of(raws[i]) > MAX_ATTRIBUTE then key = "!" .. key end
    else
      key = ""
    end
    cookie.names[i] = key
    cookie.at[key] = i
  end
  return known <= MAX_KNOWN and cookie or nil
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

local function is_deletion(cookie, now)
  local _, age, date = lifetimes(cookie)
  if age then return age.seconds <= 0 end
  return date ~= nil and date.seconds <= (now < 0 and -now or now)
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
  elseif entry.partitioned == "remove" and draft.at.partitioned then
    drop(draft, "partitioned")
    draft.moved = true
  end
  if entry.same_site then
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
    elseif verb == "remove" and draft.at.secure then drop(draft, "secure") end
  end
end

local function edit_reading(draft, entry)
  if entry.http_only == "true" then
    if not draft.at.httponly then add(draft, "httponly", " HttpOnly") end
  elseif entry.http_only == "remove" and draft.at.httponly then
    drop(draft, "httponly")
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
  if clock < 0 then date = nil end
  local kept = {}
  if bound > 0 then
    if age then kept[#kept + 1] = age end
    if date then kept[#kept + 1] = date end
  end
  for i = 1, #kept do
    local one = kept[i]
    local latest = one.name == "expires" and bound + floor(clock) or bound
    local least = one.seconds < latest and one.seconds or latest
    local canonical = one.name == "expires" and imf_fixdate(least) or format("%d", least)
    if canonical ~= one.value then
      draft.raws[one.at] = with_value(draft.raws[one.at], canonical)
      draft.is_changed = true
    end
  end
  if #kept < #all then
    for i = 1, #all do draft.gone[all[i].at] = true end
    for i = 1, #kept do draft.gone[kept[i].at] = nil end
    draft.is_changed = true
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
  return find(strip(raw), "\t", 1, true) ~= nil
end

local function renumbered(draft)
  local raws, names, at, moved = {}, {}, {}, nil
  local by_place = {}
  for name, place in pairs(draft.at) do by_place[place] = name end
  for i = 1, #draft.raws do
    if not draft.gone[i] then
      local name = by_place[i] or draft.names[i] or ""
      if i == draft.empty then
        moved = { draft.raws[i], name }
      else
        raws[#raws + 1] = draft.raws[i]
        names[#names + 1] = name
      end
    end
  end
  if moved then
    raws[#raws + 1] = moved[1]
    names[#names + 1] = moved[2]
  end
  for i = 1, #names do at[names[i]] = i end
  draft.raws, draft.names, draft.at, draft.gone, draft.given, draft.empty = raws, names, at, {}, #names, nil
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
  for i = 1, #draft.raws do
    if not draft.gone[i] and has_tab(draft.raws[i]) then
      draft.gone[i] = true
      draft.tabs = true
    end
  end
  if draft.tabs then
    draft.is_changed = true
    renumbered(draft)
  end
  if draft.value ~= "" then
    local equals = find(draft.pair, "=", 1, true)
    draft.pair = equals and sub(draft.pair, 1, equals) or draft.pair
    draft.value, draft.is_changed = "", true
  end
end

-- A deletion with only the cookie's identity.
local function bare_deletion(cookie)
  local raws, names = {}, {}
  for i = 1, #cookie.names do
    local name, raw = cookie.names[i], cookie.raws[i]
    if IDENTITY[name] and (name ~= "samesite" or lower(value_of(raw)) == "none") and not has_tab(raw) then
      raws[#raws + 1] = raw
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
  local draft = draft_of(cookie)
  if entry.domain then edit_domain(draft, entry.domain) end
  if entry.path then edit_path(draft, entry.path) end
  edit_sending(draft, entry, deletion and (site.https or is_trustworthy(site.host)) or (not deletion and site.https), deletion)
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
  if draft.moved and entry.supersede and not is_refused(cookie) then superseded = bare_deletion(cookie) end
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
  if #value > MAX_CONSENT or not is_utf8(text) or find(text, "\239\191\189", 1, true) then return nil end
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

-- Return the denied categories as a set, for the values of the consent cookie.
function engine.denied(policy, values, gpc)
  local denied = {}
  local consent = policy.consent
  if not consent then return denied end
  local words, key, is_unknown
  for i = 1, #values do
    local found, found_key = words_of(values[i])
    if not found or (key and key ~= found_key) then is_unknown = true end
    words, key = found, found_key
  end
  if is_unknown then words = nil end
  for category, gate in pairs(consent.gates) do
    if gpc and (gate.gpc == "deny" or (gate.gpc == "default" and not words)) then
      denied[category] = true
    elseif not words then
      denied[category] = not consent.unknown_grants or nil
    else
      for i = 1, #gate.granted_by do
        if not words[gate.granted_by[i]] then denied[category] = true end
      end
    end
  end
  return denied
end

-- Entry points of the adapters

function engine.site(authority, target, https)
  local host = lower((string.gsub(strip(authority), ":%d*$", "")))
  local path = match(target, "^([^?]*)")
  return { host = host, path = starts(path, "/") and path or "/", https = https }
end

local function pairs_of(header)
  local found = split(header, ";")
  local names = {}
  for i = 1, #found do
    local equals = find(found[i], "=", 1, true)
    names[i] = equals and strip(sub(found[i], 1, equals - 1)) or ""
  end
  return found, names
end

-- Return the values of the consent cookie in a Cookie field, which may be nil.
function engine.answers(policy, header)
  local values = {}
  if policy.consent and header then
    local pieces, names = pairs_of(header)
    for i = 1, #pieces do
      if names[i] == policy.consent.cookie then
        values[#values + 1] = sub(pieces[i], find(pieces[i], "=", 1, true) + 1)
      end
    end
  end
  return values
end

-- Check whether Sec-GPC says 1, in one field or in several.
function engine.says_gpc(values)
  local says = false
  for i = 1, #values do
    for word in string.gmatch(values[i], "[^,]*") do
      if strip(word) == "1" then says = true elseif word ~= "" or values[i] == "" then return false end
    end
  end
  return says
end

-- Return the Cookie field for the application; nil if all cookies are stripped.
function engine.cookie(policy, header, site, denied)
  local pieces, names = pairs_of(header)
  local kept, is_changed, first_removed, has_content = {}, false, false, false
  for i = 1, #pieces do
    local is_kept = true
    if strip(pieces[i]) ~= "" then
      local entry = entry_of(policy, names[i], site.host, nil)
      if entry then is_kept = entry.forward and not denied[entry.category]
      else is_kept = policy.request ~= "strip" end
      has_content = has_content or is_kept
    end
    if is_kept then
      kept[#kept + 1] = pieces[i]
    else
      is_changed = true
      first_removed = first_removed or i == 1
    end
  end
  if not is_changed then return header end
  if not has_content then return nil end
  local text = concat(kept, ";")
  return first_removed and match(text, "^[ \t]*(.*)$") or text
end

local memo, remembered = {}, 0

-- Return the Set-Cookie lines for the browser, in order.
function engine.set_cookies(policy, lines, site, denied, gpc, dates, now)
  local clock = expires_clock(dates, now)
  if policy.consent then
    local values, is_gone, is_set = {}, false, false
    for i = 1, #lines do
      local cookie = parse(lines[i])
      if cookie and cookie.name == policy.consent.cookie then
        is_set = true
        is_gone = is_gone or is_deletion(cookie, clock)
        values[#values + 1] = cookie.value
      end
    end
    if is_set then
      local after, both = engine.denied(policy, is_gone and {} or values, gpc), {}
      for category in pairs(denied) do both[category] = true end
      for category in pairs(after) do both[category] = true end
      denied = both
    end
  end
  local scope = policy.consent and "" or site.host .. "\0" .. site.path .. "\0" .. (site.https and "s" or "")
  local sent = {}
  for i = 1, #lines do
    local line = match(lines[i], "^(.-)[ \t]*$")
    local pair, tail = match(line, "^([^;]*)(.*)$")
    local name, value = match(pair, "^([^=]*=)(.*)$")
    local key = scope ~= "" and name and scope .. "\0" .. name .. tail
    local known = key and #value + #name < 4000 and not find(value, "[%z\1-\8\10-\31\127]") and memo[key]
    if known then
      if known[1] then sent[#sent + 1] = known[1] end
      if known[2] then sent[#sent + 1] = pair .. known[2] end
    else
      local cookie = parse(line)
      if cookie then
        local entry = entry_of(policy, cookie.name, site.host, site.path)
        local superseded, after = decide(policy, line, cookie, entry, site, denied, clock)
        if superseded then sent[#sent + 1] = superseded end
        if after then sent[#sent + 1] = after end
        -- The result may be kept if it depends neither on the value nor on the time.
        if key and cookie.name ~= "" and not cookie.at.expires and not cookie.at["!expires"] and #line < 1000
          and not is_deletion(cookie, clock) and (not after or starts(after, pair)) then
          if remembered >= 1024 then memo, remembered = {}, 0 end
          remembered = remembered + 1
          memo[key] = { superseded, after and sub(after, #pair + 1) }
        end
      end
    end
  end
  return sent
end
