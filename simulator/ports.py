"""Ports on 127.0.0.1 that are free."""

import errno
import socket


def hold_port(preferred: int = 0) -> socket.socket:
    """Bind ``preferred`` when it is free, else a port that the system picks; close it just before its use.

    Holding matters where several processes share a port by SO_REUSEPORT (gunicorn --reuse-port): a second
    program that took the same port would not fail, it would silently get half of the requests.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # As servers do: TIME_WAIT is no obstacle.
    try:
        holder.bind(("127.0.0.1", preferred))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            holder.close()
            raise
        holder.bind(("127.0.0.1", 0))
    return holder


def port_of(holder: socket.socket) -> int:
    """Return the port that ``holder`` is bound to."""
    port: int = holder.getsockname()[1]
    return port


def free_port(preferred: int = 0) -> int:
    """Return ``preferred`` when nothing has it, else a port that the system picks."""
    with hold_port(preferred) as holder:
        return port_of(holder)
