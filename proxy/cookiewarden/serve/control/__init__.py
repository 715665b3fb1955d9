"""How a policy, a mode and a certificate get in force."""
