"""The engine in other people's proxies: each module translates that proxy's exchange into the engine's and back."""
