"""A port in front of a server that can be shut and opened again."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Door:
    """Forwards a port of loopback to another while it is open; shut, it drops every connection."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._sockets: set[socket.socket] = set()
        self.port = 0
        self.open()

    def open(self) -> None:
        """Let connections in."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._sockets.add(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Drop who is in, and let nobody in."""
        while self._sockets:
            found = self._sockets.pop()
            with suppress(OSError):  # the other side may be faster
                found.shutdown(socket.SHUT_RDWR)
            found.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shut()

    def _accept(self, listener: socket.socket) -> None:
        try:
            while True:
                caller, _address = listener.accept()
                target = socket.create_connection(self._target)
                self._sockets |= {caller, target}
                for source, sink in ((caller, target), (target, caller)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()
        except OSError:
            return  # it was shut


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # one side is gone
