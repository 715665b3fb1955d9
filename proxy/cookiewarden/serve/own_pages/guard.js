// cookiewarden: blocks cookies that scripts of this page may not set, and reports their names, never their values.
//
// All other scripts of the page run later and may replace every object that they can reach. Functions needed later are
// therefore saved at the start. Later code uses no prototype, and so no method, iterator, spread or list destructuring.
// It also sets no new index of an array, for which a prototype may have a setter. Values from scripts are read once, and
// only the value that was judged is passed on.
(() => {
  "use strict"
  const policy = /*POLICY*/ null
  const jar = Object.getOwnPropertyDescriptor(Document.prototype, "cookie")
  if (!policy || !jar || !jar.configurable) return

  // Methods as functions, with their object as the first argument.
  const unbound = Function.prototype.bind.bind(Function.prototype.call)
  const exec = unbound(RegExp.prototype.exec)
  const charCodeAt = unbound(String.prototype.charCodeAt), indexOf = unbound(String.prototype.indexOf)
  const slice = unbound(String.prototype.slice), toLowerCase = unbound(String.prototype.toLowerCase)
  const hasOwn = unbound(Object.prototype.hasOwnProperty)
  const getUTCDate = unbound(Date.prototype.getUTCDate), getTime = unbound(Date.prototype.getTime)
  const then = unbound(Promise.prototype.then)
  const getCookie = unbound(jar.get), setCookie = unbound(jar.set)
  const resolved = Promise.resolve.bind(Promise), rejected = Promise.reject.bind(Promise)
  const { keys } = Object, { isArray } = Array, { parse } = JSON, { now, UTC } = Date
  const { apply } = Reflect
  const RealDate = Date, RealTypeError = TypeError, { isFinite, MAX_SAFE_INTEGER } = Number
  const { trunc } = Math
  const decode = decodeURIComponent, encode = encodeURIComponent, fromBase64 = atob.bind(window), send = fetch.bind(window)
  const page = document
  const gpc = navigator.globalPrivacyControl === true

  // Lists without a prototype.
  const list = () => ({ __proto__: null, length: 0 })
  const push = (to, item) => { to[to.length++] = item }
  const has = (all, wanted) => {
    for (let at = 0; at < all.length; at++) if (all[at] === wanted) return true
    return false
  }
  const split = (text, separator) => {
    const parts = list()
    for (let begin = 0; ;) {
      const end = indexOf(text, separator, begin)
      if (end < 0) { push(parts, slice(text, begin)); return parts }
      push(parts, slice(text, begin, end))
      begin = end + separator.length
    }
  }
  const is = (pattern, text) => exec(pattern, text) !== null
  const startsWith = (text, beginning) => slice(text, 0, beginning.length) === beginning

  const isHigh = (code) => code >= 0xd800 && code < 0xdc00, isLow = (code) => code >= 0xdc00 && code < 0xe000
  const octets = (text) => {
    let count = 0
    for (let at = 0; at < text.length; at++) {
      const code = charCodeAt(text, at)
      count += code < 0x80 ? 1 : code < 0x800 || isHigh(code) || isLow(code) ? 2 : 3
    }
    return count
  }
  // Replace lone surrogates by U+FFFD, as browsers do.
  const wellFormed = (text) => {
    let whole = "", begin = 0
    for (let at = 0; at < text.length; at++) {
      const code = charCodeAt(text, at)
      if (isHigh(code) && at + 1 < text.length && isLow(charCodeAt(text, at + 1))) at++
      else if (isHigh(code) || isLow(code)) {
        whole += slice(text, begin, at) + "\ufffd"
        begin = at + 1
      }
    }
    return begin === 0 ? text : whole + slice(text, begin)
  }
  // Trim blanks as defined for cookies (RFC 6265bis 5.6); trim() removes other characters, too.
  const bare = (text) => {
    let begin = 0, end = text.length
    while (begin < end && (charCodeAt(text, begin) === 32 || charCodeAt(text, begin) === 9)) begin++
    while (end > begin && (charCodeAt(text, end - 1) === 32 || charCodeAt(text, end - 1) === 9)) end--
    return slice(text, begin, end)
  }

  // Check whether an entry matches a name. Its pattern is a list of literal parts with any text between them.
  const matches = (parts, name) => {
    if (name === "") return false // an entry cannot declare it
    const last = parts[parts.length - 1]
    if (parts.length === 1) return name === last
    if (!startsWith(name, parts[0])) return false
    let at = parts[0].length
    for (let which = 1; which < parts.length - 1; which++) {
      const found = indexOf(name, parts[which], at)
      if (found < 0) return false
      at = found + parts[which].length
    }
    return name.length - last.length >= at && slice(name, name.length - last.length) === last
  }
  const host = toLowerCase(location.hostname)
  const applies = (wanted) =>
    wanted === "" || wanted === host ||
    (startsWith(wanted, "*.") && host.length > wanted.length - 1 && slice(host, host.length - wanted.length + 1) === slice(wanted, 1))
  const entries = list()
  for (let at = 0; at < policy.entries.length; at++) {
    const entry = policy.entries[at]
    if (applies(entry[1])) push(entries, { __proto__: null, parts: split(entry[0], "*"), category: entry[2], enforced: entry[3], renew: entry[4] !== false })
  }

  // The visitor's answer, parsed like in the proxy (core/engine/consent.py and core/formats): granted words, or
  // null if it is unknown.
  // Frameworks of applications quote values with the escapes `\"`, `\\` and `\ooo`, encode them, and sign them as Express.
  const unquoted = (text) => {
    if (!is(/^"[^]*"$/, text)) return text
    const inner = slice(text, 1, text.length - 1)
    if (!is(/^[^"\\]*(?:\\(?:["\\]|[0-3][0-7]{2})[^"\\]*)*$/, inner)) return inner
    const escape = /\\(?:(["\\])|([0-7]{3}))/g, digits = "0123456789abcdef"
    let encoded = "", begin = 0
    for (let found; (found = exec(escape, inner)) !== null;) {
      const octet = +("0o" + found[2])
      encoded += encode(slice(inner, begin, found.index)) + (found[2] === undefined ? encode(found[1]) : "%" + digits[octet >> 4] + digits[octet & 15])
      begin = found.index + found[0].length
    }
    return decode(encoded + encode(slice(inner, begin)))
  }
  const unwrapped = (text) => {
    const plain = unquoted(text), whole = plain === text ? unquoted(decode(text)) : decode(plain)
    const signed = exec(/^s:([^]*)\.[A-Za-z0-9+/]{43}$/, whole)
    return signed === null ? whole : signed[1]
  }
  const json = (value) => {
    const text = startsWith(value, "j:") ? slice(value, 2) : value // Express writes `j:` before JSON
    for (let at = 0, opened = 0; at < text.length; at++) {
      const code = charCodeAt(text, at)
      if ((code === 0x5b || code === 0x7b) && ++opened > 200) return null // [ and {
    }
    try { return parse(text) } catch { return null }
  }
  const strings = (data) => {
    if (!isArray(data)) return null
    for (let at = 0; at < data.length; at++) if (typeof data[at] !== "string") return null
    return data
  }
  const isMapping = (data) => data !== null && typeof data === "object" && !isArray(data)
  const own = (data, key) => (hasOwn(data, key) ? data[key] : null)

  // Bits of base64url text by their position, for strings of the TCF and the GPP.
  const bitsOf = (text) => {
    if (!is(/^[A-Za-z0-9_-]+$/, text)) return null
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    const bit = (at) => (indexOf(letters, text[trunc(at / 6)]) >> (5 - (at % 6))) & 1
    const number = (at, length) => {
      let value = 0
      for (let end = at + length; at < end; at++) value = value * 2 + bit(at)
      return value
    }
    return { __proto__: null, length: text.length * 6, bit, number }
  }
  // Vendors at a position: MaxVendorId, IsRangeEncoding, and a bit field or ranges. Null if they are incomplete.
  const vendorsAt = (bits, at) => {
    const begin = at + 17
    if (bits.length < begin) return null
    const most = bits.number(at, 16), found = { __proto__: null, most }
    if (most > 4096) return null
    if (bits.bit(begin - 1) === 0) {
      if (bits.length < begin + most) return null
      for (let vendor = 1; vendor <= most; vendor++) if (bits.bit(begin + vendor - 1) === 1) found[vendor] = true
      return found
    }
    let entry = begin + 12
    if (bits.length < entry || bits.number(begin, 12) > 241) return null
    for (let left = bits.number(begin, 12); left > 0; left--) {
      const isRange = entry < bits.length && bits.bit(entry) === 1, end = entry + (isRange ? 33 : 17)
      if (bits.length < end) return null
      const low = bits.number(entry + 1, 16), high = isRange ? bits.number(entry + 17, 16) : low
      if (low < 1 || high < low || high > most) return null
      for (let vendor = low; vendor <= high; vendor++) found[vendor] = true
      entry = end
    }
    return found
  }
  // Section IDs of a GPP header: ranges of numbers in Fibonacci code.
  const sectionIds = (header) => {
    const bits = header.length > 100 ? null : bitsOf(header), fibonacci = [1, 2, 3, 5, 8, 13, 21], ids = list()
    if (bits === null || bits.length < 24 || bits.number(0, 12) !== 193) return null // type 3, version 1
    let at = 24, last = 0
    const next = () => {
      for (let begin = at, value = 0; at + 1 < bits.length; at++) {
        if (bits.bit(at) === 0) continue
        value += at - begin < 7 ? fibonacci[at - begin] : 24 // above all IDs
        if (bits.bit(at + 1) === 1) { at += 2; return value }
      }
      return null
    }
    for (let left = bits.number(12, 12); left > 0; left--) {
      if (at >= bits.length) return null
      const isGroup = bits.bit(at++) === 1, first = next(), more = isGroup ? next() : 0
      if (first === null || more === null || last + first + more > 23) return null
      for (let id = last + first; id <= last + first + more; id++) push(ids, id)
      last += first + more
    }
    for (; at < bits.length; at++) if (bits.bit(at) === 1) return null // only padding is left
    return ids
  }
  // Sections of the US in a GPP string: bits, position of the opt-out of sale, highest version. The next two bits are
  // about sharing in California's section, and about targeted advertising in others; the national one has both.
  const sections = {
    __proto__: null,
    7: [60, 18, 2], 8: [46, 12, 1], 9: [40, 12, 1], 10: [38, 12, 1], 11: [42, 14, 1], 12: [44, 12, 1], 13: [46, 12, 1],
    14: [46, 12, 1], 15: [52, 12, 1], 16: [42, 12, 1], 17: [52, 12, 1], 18: [42, 14, 1], 19: [42, 12, 1], 20: [46, 12, 1],
    21: [54, 12, 1], 22: [42, 12, 1], 23: [42, 12, 1],
  }
  // Answers to opt-outs by word: 1 means opted out, 2 not opted out, 0 not applicable.
  const optOuts = (id, text) => {
    if (id === 6) {
      const sale = exec(/^1[YN-]([YN-])[YN-]$/, text)
      return sale === null ? null : { __proto__: null, "us:sale": sale[1] === "Y" ? 1 : sale[1] === "N" ? 2 : 0 }
    }
    const section = sections[id], parts = split(text, "."), bits = bitsOf(parts[0])
    if (section === undefined || bits === null || bits.length < section[0] || parts.length > 2) return null
    if (parts.length === 2 && bitsOf(parts[1]) === null) return null
    const version = bits.number(0, 6), at = section[1], sale = bits.number(at, 2), second = bits.number(at + 2, 2)
    const third = id === 7 ? bits.number(at + 4, 2) : 0
    if (version < 1 || version > section[2] || sale > 2 || second > 2 || third > 2) return null
    if (id === 7) return { __proto__: null, "us:sale": sale, "us:sharing": second, "us:targeted-advertising": third }
    if (id === 8) return { __proto__: null, "us:sale": sale, "us:sharing": second }
    return { __proto__: null, "us:sale": sale, "us:targeted-advertising": second }
  }
  const readers = {
    __proto__: null,
    list: (text) => {
      const word = /[^,| \t\n\r\f\v]+/g, words = list()
      for (let found; (found = exec(word, text)) !== null;) {
        if (!is(/^[A-Za-z0-9_.:*/\u00a0-\uffff-]+$/, found[0])) return null
        push(words, found[0])
      }
      return words
    },
    json: (text) => {
      const data = json(text)
      if (!isMapping(data)) return strings(data)
      const listed = own(data, "categories") ?? own(data, "level")
      if (listed !== null) return strings(listed)
      const words = list(), all = keys(data)
      for (let at = 0; at < all.length; at++) if (data[all[at]] === true || data[all[at]] === "granted") push(words, all[at])
      return words
    },
    klaro: (text) => {
      const data = json(text)
      if (!isMapping(data)) return null
      const words = list(), all = keys(data)
      for (let at = 0; at < all.length; at++) {
        if (typeof data[all[at]] !== "boolean") return null
        if (data[all[at]]) push(words, all[at])
      }
      return words
    },
    cookiebot: (text) => {
      if (text === "0") return ["necessary"]
      if (text === "-1") return ["necessary", "preferences", "statistics", "marketing"]
      if (!is(/^\{[^]*\}$/, text)) return null
      const answer = /[{,][ \t\n\r\f\v]*(necessary|preferences|statistics|marketing)[ \t\n\r\f\v]*:[ \t\n\r\f\v]*(true|false)[ \t\n\r\f\v]*(?=[,}])/g
      const words = list(), seen = list()
      for (let found; (found = exec(answer, text)) !== null;) {
        if (has(seen, found[1])) return null
        push(seen, found[1])
        if (found[2] === "true") push(words, found[1])
      }
      return seen.length === 4 ? words : null
    },
    // Split before decoding, because an encoded URL in the value may contain `&groups=`, too.
    onetrust: (raw) => {
      let text = unquoted(raw)
      if (indexOf(text, "=") < 0 && indexOf(text, "&") < 0) text = unwrapped(text) // encoded as a whole
      const parts = split(text, "&"), words = list()
      let groups = null
      for (let at = 0; at < parts.length; at++) {
        const part = decode(parts[at])
        if (!startsWith(part, "groups=")) continue
        if (groups !== null) return null
        groups = split(slice(part, 7), ",")
      }
      if (groups === null) return null
      for (let at = 0; at < groups.length; at++) {
        const group = exec(/^([A-Za-z0-9_-]+):([01])$/, groups[at])
        if (group === null) return null
        if (group[2] === "1") push(words, group[1])
      }
      return words
    },
    tcf: (text) => {
      const segments = split(text, "."), core = bitsOf(segments[0]), seen = list(), words = list()
      if (core === null || core.number(0, 6) !== 2) return null // version 2
      const vendors = vendorsAt(core, 213)
      let disclosed = vendors
      for (let at = 1; at < segments.length; at++) {
        const bits = bitsOf(segments[at]), kind = bits === null ? 0 : bits.number(0, 3)
        if (kind < 1 || kind > 3 || has(seen, kind)) return null
        push(seen, kind)
        if (kind === 1) disclosed = vendorsAt(bits, 3)
      }
      if (vendors === null || disclosed === null) return null
      for (let purpose = 1; purpose <= 24; purpose++) if (core.bit(151 + purpose) === 1) push(words, "" + purpose)
      for (let vendor = 1; vendor <= vendors.most; vendor++) {
        if (vendors[vendor] === true && disclosed[vendor] === true) push(words, "vendor:" + vendor)
      }
      return words
    },
    gpp: (text) => {
      const parts = split(text, "~"), ids = sectionIds(parts[0])
      if (ids === null || ids.length === 0 || ids.length !== parts.length - 1) return null
      const asked = ["us:sale", "us:sharing", "us:targeted-advertising"], said = { __proto__: null }
      let words = list()
      for (let at = 0; at < ids.length; at++) {
        const id = ids[at], part = parts[at + 1]
        if (id === 5) continue // Canada
        if (id === 2) {
          words = readers.tcf(part)
          if (words === null) return null
          continue
        }
        const answers = optOuts(id, part)
        if (answers === null) return null
        for (let which = 0; which < 3; which++) {
          const answer = answers[asked[which]]
          if (answer === 1 || (answer === 2 && said[which] === undefined)) said[which] = answer
        }
      }
      for (let which = 0; which < 3; which++) if (said[which] === 2) push(words, asked[which])
      return words
    },
    cookieyes: (text) => {
      const parts = split(text, ","), answers = { __proto__: null }, names = list(), words = list()
      for (let at = 0; at < parts.length; at++) {
        const part = exec(/^([A-Za-z0-9_-]+):([A-Za-z0-9_-]*)$/, parts[at])
        if (part === null || answers[part[1]] !== undefined) return null
        answers[part[1]] = part[2]
        push(names, part[1])
      }
      if (answers.action !== "yes") return null // not answered
      for (let at = 0; at < names.length; at++) {
        const name = names[at], answer = answers[name]
        if (name === "consentid" || name === "consent" || name === "action" || name === "lastRenewedDate") continue
        if (answer !== "yes" && answer !== "no" && answer !== "") return null
        if (answer === "yes") push(words, name)
      }
      return words
    },
    didomi: (text) => {
      const digits = exec(/^([A-Za-z0-9+/]+)={0,2}$/, text), hex = "0123456789abcdef"
      if (digits === null || digits[1].length % 4 === 1) return null
      const octets = fromBase64(digits[1])
      let encoded = ""
      for (let at = 0; at < octets.length; at++) {
        const octet = charCodeAt(octets, at)
        encoded += "%" + hex[octet >> 4] + hex[octet & 15]
      }
      const data = json(decode(encoded))
      if (!isMapping(data) || !(hasOwn(data, "purposes") || hasOwn(data, "vendors"))) return null
      const words = list()
      const add = (kind, prefix) => {
        if (!hasOwn(data, kind)) return true
        const answers = data[kind]
        if (!isMapping(answers)) return false
        const enabled = hasOwn(answers, "enabled") ? strings(answers.enabled) : []
        const disabled = hasOwn(answers, "disabled") ? strings(answers.disabled) : []
        if (enabled === null || disabled === null) return false
        for (let at = 0; at < enabled.length; at++) if (!has(disabled, enabled[at])) push(words, prefix + enabled[at])
        return true
      }
      return add("purposes", "") && add("vendors", "vendor:") ? words : null
    },
    axeptio: (text) => {
      const data = json(text)
      if (!isMapping(data) || own(data, "$$completed") !== true) return null
      const words = list(), all = keys(data)
      for (let at = 0; at < all.length; at++) {
        if (startsWith(all[at], "$$")) continue
        if (typeof data[all[at]] !== "boolean") return null
        if (data[all[at]]) push(words, all[at])
      }
      return words
    },
    cookieconsent: (text) => {
      const data = json(text)
      if (!isMapping(data)) return null
      const listed = strings(hasOwn(data, "categories") ? data.categories : own(data, "level")), words = list()
      const services = hasOwn(data, "services") ? data.services : {}
      if (listed === null || !isMapping(services)) return null
      for (let at = 0; at < listed.length; at++) push(words, listed[at])
      const names = keys(services)
      for (let at = 0; at < names.length; at++) {
        const each = strings(services[names[at]])
        if (each === null) return null
        for (let which = 0; which < each.length; which++) push(words, names[at] + ":" + each[which])
      }
      return words
    },
    consent_mode: (text) => {
      const data = json(text)
      if (!isMapping(data)) return null
      const words = list(), all = keys(data)
      for (let at = 0; at < all.length; at++) {
        if (!is(/^(?:ad_personalization|ad_storage|ad_user_data|(?:analytics|functionality|personalization|security)_storage)$/, all[at])) return null
        const answer = data[all[at]]
        if (answer !== "granted" && answer !== "denied") return null
        if (answer === "granted") push(words, all[at])
      }
      return all.length === 0 ? null : words
    },
  }
  const isWithin = (some, all) => {
    const known = { __proto__: null }
    for (let at = 0; at < all.length; at++) known[all[at]] = true
    for (let at = 0; at < some.length; at++) if (known[some[at]] !== true) return false
    return true
  }
  const read = (value) => {
    if (octets(value) > 4096 || indexOf(value, "\ufffd") >= 0) return null
    try {
      const reader = readers[policy.consent.format]
      if (policy.consent.format === "onetrust") return reader(value)
      const words = reader(unwrapped(value))
      if (indexOf(value, "+") < 0 || indexOf(value, "%") < 0) return words
      const parts = split(value, "+") // some scripts write a `+` as itself, and form-encoders write it for a blank
      let text = parts[0]
      for (let at = 1; at < parts.length; at++) text += "%20" + parts[at]
      const others = reader(unwrapped(text))
      if (words === null || others === null) return words ?? others
      return isWithin(words, others) && isWithin(others, words) ? words : null
    } catch { return null }
  }
  // The answers of all copies of the consent cookie; null for one that cannot be read. More than three different
  // ones are not read, and count as unreadable and as one without words.
  const answers = () => {
    const found = list(), values = list(), known = { __proto__: null }
    let pairs = list()
    try { pairs = split(getCookie(page), ";") } catch {}
    for (let at = 0; at < pairs.length; at++) {
      const equals = indexOf(pairs[at], "=")
      if (equals < 0 || bare(slice(pairs[at], 0, equals)) !== policy.consent.cookie) continue
      const value = bare(slice(pairs[at], equals + 1))
      if (known[value] !== true) push(values, value)
      known[value] = true
    }
    if (values.length > 3) {
      push(found, null)
      push(found, list())
    } else for (let at = 0; at < values.length; at++) push(found, read(values[at]))
    return found
  }
  // Two answers that disagree count as an unknown answer.
  const only = (found) => {
    for (let at = 0; at < found.length; at++) {
      if (found[at] === null || !isWithin(found[at], found[0]) || !isWithin(found[0], found[at])) return null
    }
    return found.length === 0 ? null : found[0]
  }
  const isDenied = (category) => {
    if (!policy.consent || !hasOwn(policy.consent.gates, category)) return false
    const gate = policy.consent.gates[category], found = answers(), answer = only(found)
    if (gpc && (gate.gpc === "deny" || (gate.gpc === "default" && answer === null))) return true
    for (let at = 0; gate.opt_out && at < found.length; at++) if (found[at] !== null && !isWithin(gate.words, found[at])) return true
    return answer === null ? !gate.unknown : !isWithin(gate.words, answer)
  }

  // The decision on a name.
  const PASSES = 0, REPORTED = 1, REFUSED = 2
  const verdict = (name) => {
    for (let at = 0; at < entries.length; at++) {
      if (!matches(entries[at].parts, name)) continue
      if (!isDenied(entries[at].category)) return PASSES
      return policy.enforce && entries[at].enforced ? REFUSED : REPORTED
    }
    if (policy.undeclared === "pass") return PASSES
    return policy.enforce && policy.undeclared === "block" ? REFUSED : REPORTED
  }
  // Check for a cookie that a script may not renew and that the browser holds with this value.
  const renews = (name, value) => {
    if (!policy.enforce) return false
    let at = 0
    while (at < entries.length && !matches(entries[at].parts, name)) at++
    if (at === entries.length || entries[at].renew || !entries[at].enforced) return false
    let pairs = list()
    try { pairs = split(getCookie(page), ";") } catch {}
    for (let pair = 0; pair < pairs.length; pair++) {
      const equals = indexOf(pairs[pair], "=")
      if (equals >= 0 && bare(slice(pairs[pair], 0, equals)) === name && bare(slice(pairs[pair], equals + 1)) === value) return true
    }
    return false
  }
  // Firefox reads a line without `=` as a name without a value, which may be the cookie of an entry.
  const verdictOnWord = (word) => {
    for (let at = 0; at < entries.length; at++) if (matches(entries[at].parts, word)) return policy.enforce ? REFUSED : REPORTED
    return verdict("")
  }
  const reported = { __proto__: null }
  let reports = 0
  const report = (name) => {
    if (reported[name] || reports >= 100) return
    reported[name] = true
    reports++
    try {
      const target = policy.report + "?" + encode(wellFormed(slice(name, 0, 256)))
      then(send(target, { __proto__: null, method: "POST", keepalive: true, credentials: "same-origin" }), undefined, () => {})
    } catch {}
  }

  // Parse dates as defined for cookies (RFC 6265bis 5.1.1); Date.parse accepts "0" as a date.
  const months = { __proto__: null, jan: 0, feb: 1, mar: 2, apr: 3, may: 4, jun: 5, jul: 6, aug: 7, sep: 8, oct: 9, nov: 10, dec: 11 }
  const cookieDate = (text) => {
    const tokens = /[^\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/g
    let time = null, day = null, month = null, year = null
    for (let token; (token = exec(tokens, text)) !== null;) {
      const clock = exec(/^([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9]|$)/, token[0])
      const short = exec(/^([0-9]{1,2})(?:[^0-9]|$)/, token[0]), long = exec(/^([0-9]{2,4})(?:[^0-9]|$)/, token[0])
      const named = months[toLowerCase(slice(token[0], 0, 3))]
      if (time === null && clock !== null) time = clock
      else if (day === null && short !== null) day = +short[1]
      else if (month === null && named !== undefined) month = named
      else if (year === null && long !== null) year = +long[1]
    }
    if (time === null || day === null || month === null || year === null) return null
    year += year >= 70 && year <= 99 ? 1900 : year <= 69 ? 2000 : 0
    if (year < 1601 || +time[1] > 23 || +time[2] > 59 || +time[3] > 59) return null
    const at = new RealDate(UTC(year, month, day, +time[1], +time[2], +time[3]))
    return getUTCDate(at) === day ? getTime(at) : null
  }

  // Parse a line by RFC 6265bis 5.6. Return null if browsers ignore it.
  const parsed = (line) => {
    if (is(/[\x00-\x08\x0a-\x1f\x7f]/, line)) return null
    const parts = split(line, ";"), equals = indexOf(parts[0], "=")
    const cookie = { __proto__: null, name: equals < 0 ? "" : bare(slice(parts[0], 0, equals)), value: equals < 0 ? "" : bare(slice(parts[0], equals + 1)), word: equals < 0 ? bare(parts[0]) : "", isGone: false, kept: "" }
    let age = null, expires = null, isSecure = false, sameSite = ""
    for (let at = 1; at < parts.length; at++) {
      const middle = indexOf(parts[at], "=")
      const name = toLowerCase(bare(middle < 0 ? parts[at] : slice(parts[at], 0, middle)))
      const value = middle < 0 ? "" : bare(slice(parts[at], middle + 1))
      if (octets(value) > 1024) continue
      if (name === "secure") isSecure = true
      if (name === "samesite") sameSite = toLowerCase(value)
      if (name === "max-age" && is(/^-?[0-9]+$/, value)) age = value
      else if (name === "expires") expires = cookieDate(value) ?? expires
      // Browsers ignore tabs around a name or a value, and Chromium ignores a line with a tab within an attribute.
      else if (name === "path" || name === "domain" || name === "secure" || name === "partitioned") {
        const plain = indexOf(bare(parts[at]), "\t") < 0 ? parts[at] : middle < 0 ? " " + name : " " + name + "=" + value
        if (indexOf(bare(plain), "\t") < 0) cookie.kept += ";" + plain
      }
    }
    // In a cross-site frame, browsers require SameSite=None, and Secure with it.
    if (isSecure && sameSite === "none") cookie.kept += "; SameSite=None"
    cookie.isGone = age !== null ? is(/^-|^0+$/, age) : expires !== null && expires <= now()
    return cookie
  }
  // A deletion that all browsers read alike. Without a name it has no `=`, or it would create a cookie called Max-Age.
  const deletion = (cookie) => (cookie.name === "" ? "deleted" : cookie.name + "=") + cookie.kept + "; Max-Age=0"
  Object.defineProperty(Document.prototype, "cookie", {
    ...jar,
    set(given) {
      const line = wellFormed(`${given}`), cookie = parsed(line)
      if (cookie === null) return
      const found = cookie.word === "" ? verdict(cookie.name) : verdictOnWord(cookie.word)
      if (found !== PASSES && !cookie.isGone) report(cookie.name)
      if (found === PASSES && !cookie.isGone && cookie.word === "" && renews(cookie.name, cookie.value)) return
      if (found !== REFUSED) setCookie(this, line)
      else if (cookie.isGone) setCookie(this, deletion(cookie))
    },
  })

  if (typeof CookieStore === "undefined") return
  const setInStore = CookieStore.prototype.set
  const text = (value) => wellFormed(`${value}`)
  // Convert the argument of `set({…})` as Web IDL does: each member is read once, in order, and converted before the next.
  // The null prototype ignores members that scripts have added to Object.prototype.
  const optionsOf = (given) => {
    const options = { __proto__: null }
    const domain = given.domain
    if (domain !== undefined) options.domain = domain === null ? null : text(domain)
    const expires = given.expires
    if (expires !== undefined && expires !== null) {
      options.expires = +expires
      if (!isFinite(options.expires)) throw new RealTypeError("cookieStore.set: expires is not a finite number")
    }
    const age = given.maxAge
    if (age !== undefined && age !== null) {
      const seconds = +age
      options.maxAge = !isFinite(seconds) || seconds < 1 ? 0 : seconds > MAX_SAFE_INTEGER ? MAX_SAFE_INTEGER : trunc(seconds)
    }
    const name = given.name
    if (name === undefined) throw new RealTypeError("cookieStore.set: name is required")
    options.name = text(name)
    options.partitioned = !!given.partitioned
    const path = given.path
    if (path !== undefined) options.path = text(path)
    const sameSite = given.sameSite
    if (sameSite !== undefined) options.sameSite = text(sameSite)
    const value = given.value
    if (value === undefined) throw new RealTypeError("cookieStore.set: value is required")
    options.value = text(value)
    return options
  }
  // document.all is an object with the type "undefined".
  const isObject = (given) => (typeof given === "object" && given !== null) || typeof given === "function" || (typeof given === "undefined" && given !== undefined)
  const stored = (store, args) => {
    let options
    if (args.length > 1) {
      const name = text(args[0])
      options = { __proto__: null, name, value: text(args[1]) }
    } else if (args.length === 1 && isObject(args[0])) options = optionsOf(args[0])
    else return apply(setInStore, store, args) // which rejects it
    const isGone = options.maxAge === 0 || (options.maxAge === undefined && options.expires <= now())
    const name = bare(options.name), found = verdict(name)
    if (found !== PASSES && !isGone) report(name)
    if (found === PASSES && !isGone && renews(name, bare(options.value))) return resolved()
    if (found === REFUSED) {
      if (!isGone) return resolved()
      options.value = name === "" ? "deleted" : ""
      // Not the earliest dates, because some browsers read them as a session.
      options.expires = 1000
      delete options.maxAge
    }
    return apply(setInStore, store, [options])
  }
  Object.defineProperty(CookieStore.prototype, "set", {
    ...Object.getOwnPropertyDescriptor(CookieStore.prototype, "set"),
    value: function set(options) {
      try { return stored(this, arguments) } catch (error) { return rejected(error) }
    },
  })
})()
