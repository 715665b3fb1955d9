"""Engine: decisions on cookies by a policy."""
