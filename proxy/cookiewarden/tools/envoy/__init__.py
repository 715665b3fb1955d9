"""`cookiewarden envoy`: the configuration of Envoy and of its control planes for a policy."""
