"""Adapters that run the engine in other proxies. Each module converts that proxy's exchanges for the engine."""
