// cookiewarden: refuses what this page's scripts may not set, and tells the proxy the name, never the value.
(() => {
  "use strict"
  const policy = /*POLICY*/ null
  const jar = Object.getOwnPropertyDescriptor(Document.prototype, "cookie")
  if (!policy || !jar || !jar.configurable) return

  const matches = (pattern, name) => {
    const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    return new RegExp("^" + parts.join("[^]*") + "$").test(name)
  }
  const host = location.hostname.toLowerCase()
  const applies = (wanted) =>
    !wanted || wanted === host || (wanted.startsWith("*.") && host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1)

  // The visitor's answer, read as the proxy reads it: words, or null where it is not known.
  const json = (text) => {
    try { return JSON.parse(text) } catch { return null }
  }
  const strings = (list) => (Array.isArray(list) && list.every((word) => typeof word === "string") ? list : null)
  const isMapping = (data) => data !== null && typeof data === "object" && !Array.isArray(data)
  const readers = {
    list: (text) => {
      const words = text.split(/[,|\s]+/).filter(Boolean)
      return words.every((word) => /^[\p{L}\p{N}_.:*/-]+$/u.test(word)) ? words : null
    },
    json: (text) => {
      const data = json(text)
      if (!isMapping(data)) return strings(data)
      const listed = data.categories ?? data.level
      return listed == null ? Object.keys(data).filter((word) => data[word] === true || data[word] === "granted") : strings(listed)
    },
    klaro: (text) => {
      const data = json(text)
      if (!isMapping(data) || !Object.values(data).every((answer) => typeof answer === "boolean")) return null
      return Object.keys(data).filter((word) => data[word])
    },
    cookiebot: (text) => {
      const all = ["necessary", "preferences", "statistics", "marketing"]
      if (text === "0") return ["necessary"]
      if (text === "-1") return all
      if (!/^\{[^]*\}$/.test(text)) return null
      const found = [...text.matchAll(/[{,]\s*(necessary|preferences|statistics|marketing)\s*:\s*(true|false)\s*(?=[,}])/g)]
      if (found.map((answer) => answer[1]).sort().join() !== [...all].sort().join()) return null
      return found.filter((answer) => answer[2] === "true").map((answer) => answer[1])
    },
    onetrust: (raw) => {
      const found = raw.split("&").map(decodeURIComponent).filter((part) => part.startsWith("groups="))
      if (found.length !== 1) return null
      const groups = found[0].slice(7).split(",").map((group) => /^([\w-]+):([01])$/.exec(group))
      return groups.every(Boolean) ? groups.filter((group) => group[2] === "1").map((group) => group[1]) : null
    },
    tcf: (text) => {
      const core = text.split(".")[0]
      if (!/^[A-Za-z0-9_-]+$/.test(core) || core.length % 4 === 1) return null
      const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      const bits = [...core].map((letter) => letters.indexOf(letter).toString(2).padStart(6, "0")).join("")
      if (bits.slice(0, 6) !== "000010" || bits.length < 176) return null
      return [...bits.slice(152, 176)].flatMap((bit, at) => (bit === "1" ? [String(at + 1)] : []))
    },
  }
  const words = () => {
    const { cookie, format } = policy.consent
    const values = jar.get.call(document).split(";").map((pair) => pair.trim()).filter((pair) => pair.split("=")[0].trim() === cookie && pair.includes("="))
    const answers = values.map((pair) => {
      const value = pair.slice(pair.indexOf("=") + 1).trim()
      if (value.length > 16384) return null
      // OneTrust's is split before it is decoded: a link's address in it may hold a `&groups=` too.
      try { return readers[format](format === "onetrust" ? value : decodeURIComponent(value)) } catch { return null }
    })
    const same = new Set(answers.map((answer) => answer && [...answer].sort().join("\n")))
    return same.size === 1 ? answers[0] : null
  }
  const isDenied = (category) => {
    const gate = policy.consent && policy.consent.gates[category]
    if (!gate) return false
    const answer = words()
    if (navigator.globalPrivacyControl === true && (gate.gpc === "deny" || (gate.gpc === "default" && answer === null))) return true
    return answer === null ? !policy.consent.unknown : !gate.words.every((word) => answer.includes(word))
  }

  // Whether a name is refused; what is only reported is not.
  const told = new Set()
  const refuses = (name) => {
    const entry = policy.entries.find(([pattern, wanted]) => matches(pattern, name) && applies(wanted))
    if (entry ? !isDenied(entry[2]) : policy.undeclared === "pass") return false
    if (!told.has(name) && told.size < 100) {
      told.add(name)
      fetch(policy.report + "?" + encodeURIComponent(name.slice(0, 256)), { method: "POST", keepalive: true, credentials: "same-origin" }).catch(() => {})
    }
    return policy.enforce && (entry ? entry[3] : policy.undeclared === "block")
  }

  // Blanks and dates as cookies have them (RFC 6265bis 5.1.1): trim() takes more off, and Date.parse takes "0" for a date.
  const bare = (text) => text.replace(/^[ \t]+|[ \t]+$/g, "")
  const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
  const cookieDate = (text) => {
    let time = null, day = null, month = null, year = null
    for (const token of text.split(/[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/)) {
      const clock = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)/.exec(token)
      const short = /^(\d{1,2})(?:\D|$)/.exec(token), long = /^(\d{2,4})(?:\D|$)/.exec(token)
      const named = months.indexOf(token.slice(0, 3).toLowerCase())
      if (time === null && clock) time = clock.slice(1).map(Number)
      else if (day === null && short) day = Number(short[1])
      else if (month === null && named >= 0) month = named
      else if (year === null && long) year = Number(long[1])
    }
    if (time === null || day === null || month === null || year === null) return null
    year += year >= 70 && year <= 99 ? 1900 : year <= 69 ? 2000 : 0
    const at = new Date(Date.UTC(year, month, day, ...time))
    const exists = at.getUTCDate() === day && time[0] < 24 && time[1] < 60 && time[2] < 60
    return year < 1601 || !exists ? null : at.getTime()
  }
  const isDeletion = (attributes) => {
    let age = null, expires = null
    for (const attribute of attributes) {
      const [key, ...rest] = attribute.split("=")
      const name = bare(key).toLowerCase(), value = bare(rest.join("="))
      if (value.length > 1024) continue
      if (name === "max-age" && /^-?[0-9]+$/.test(value)) age = Number(value)
      if (name === "expires") expires = cookieDate(value) ?? expires
    }
    return age !== null ? age <= 0 : expires !== null && expires <= Date.now()
  }
  Object.defineProperty(Document.prototype, "cookie", {
    ...jar,
    set(line) {
      const [pair, ...attributes] = String(line).split(";")
      const name = pair.includes("=") ? bare(pair.split("=")[0]) : ""
      if (isDeletion(attributes) || !refuses(name)) jar.set.call(this, line)
    },
  })
  if (typeof CookieStore !== "undefined") {
    const set = CookieStore.prototype.set
    CookieStore.prototype.set = function (first, ...more) {
      const isOptions = typeof first === "object" && first !== null
      const name = bare(String(isOptions ? first.name : first))
      const isGone = isOptions && first.expires != null && first.expires <= Date.now()
      return isGone || !refuses(name) ? set.call(this, first, ...more) : Promise.resolve()
    }
  }
})()
