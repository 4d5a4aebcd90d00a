"""An endpoint as the supervisor serves it, for tests without one."""

import json
import os
import socket
import tempfile
import threading

TOKEN = "0123456789abcdef0123456789abcdef"


class FakeEndpoint:
    """Answers every message with what `answer(message)` returns; None hangs up."""

    def __init__(self, answer=lambda message: {"decision": "continue"}, folder=None):
        self.answer = answer
        self.messages = []
        self.connections = 0
        self.folder = tempfile.TemporaryDirectory()
        place = folder or self.folder.name
        self.listener = socket.socket(socket.AF_UNIX)
        fd = os.open(place, os.O_PATH)
        self.listener.bind(f"/proc/self/fd/{fd}/endpoint")
        os.close(fd)
        self.listener.listen()
        self.open = []
        self.environment = {
            "TRAWL_ENDPOINT": f"unix:{place}/endpoint",
            "TRAWL_TOKEN": TOKEN,
            "TRAWL_TRIAL": "1.1",
        }
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                self.messages.append(message)
                answer = self.answer(message)
                if answer is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(json.dumps(answer).encode() + b"\n")

    def hang_up(self):
        """Closes what is open now, as the supervisor does to make room."""
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()

    def close(self):
        self.listener.close()
        self.hang_up()
        self.folder.cleanup()
