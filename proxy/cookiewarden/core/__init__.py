"""The pure core: values in, values out. No clock, disk, socket, logging or environment.

Read in this order: problem, source, document (a policy file becomes a Policy), date, cookie, scope
(what RFC 6265bis says), matcher, verbs, plan, decision, engine (what the policy says about a cookie).
"""
