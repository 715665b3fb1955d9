"""The engine in Lua, for Envoy, nginx and HAProxy without a processor."""
