"""Private servers and processes on this machine, without containers: what `make up` and the integration tests start."""
