"""The control plane, which puts policies, modes and certificates in force."""
