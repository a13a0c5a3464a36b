"""One file per protocol; each implements `connectors.ports.Transport`."""
