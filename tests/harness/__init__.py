"""What drives the finished binary: gateways, scripted upstreams, clients, and scenarios read from YAML."""
