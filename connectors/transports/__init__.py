"""One file per protocol; each implements `connectors.transport_ports.Transport`."""
