"""A serial server of pyserial for the tests: RFC 2217 on a free TCP port, for the serial port argv[1].

It prints the TCP port, and the speed of the line whenever a client sets one.
"""

import socket
import sys
import threading

import serial
import serial.rfc2217


class Line(serial.Serial):
    """A pseudo-terminal does not have these lines."""

    cts = dsr = ri = cd = False


line = Line(sys.argv[1], timeout=0.1)

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
print("port", listener.getsockname()[1], flush=True)


class Connection:
    def __init__(self, conn):
        self.conn = conn
        self.lock = threading.Lock()

    def write(self, data):
        with self.lock:
            self.conn.sendall(data)


while True:
    conn, _ = listener.accept()
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    manager = serial.rfc2217.PortManager(line, Connection(conn))

    def read(conn=conn, manager=manager):
        try:
            while True:
                data = line.read(line.in_waiting or 1)
                if data:
                    conn.sendall(b"".join(manager.escape(data)))
        except OSError:
            pass

    threading.Thread(target=read, daemon=True).start()
    speed = 0
    while True:
        data = conn.recv(1024)
        if not data:
            break
        line.write(b"".join(manager.filter(data)))
        if line.baudrate != speed:
            speed = line.baudrate
            print("speed", speed, flush=True)
