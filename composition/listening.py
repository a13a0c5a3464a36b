"""The socket a process listens on."""

import socket
import sys


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, or end the process with a sentence when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = socket.socket(family, socket.SOCK_STREAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
    except OSError as error:
        own.close()
        sys.stderr.write(
            f"端口 {port} 用不了({error.strerror}),请换一个,例如:PORT={port + 1000} make run\n"
            f"Port {port} can't be used ({error.strerror}); take another one, e.g. PORT={port + 1000} make run\n"
        )
        sys.exit(2)
    own.listen(2048)
    return own
