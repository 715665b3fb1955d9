"""The driver for Envoy: external processing (ext_proc) over gRPC. Envoy asks about heads and keeps the bodies."""
