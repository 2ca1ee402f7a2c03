"""HOST PORT COUNT: so many connections, each of which floods with HTTP/2 frames in one of the known ways, and comes again
when it is cut off. Runs until its standard input ends; then says how often it was cut off."""

import errno
import select
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import h2frames as h2  # noqa: E402
from harness.h2attacks import ATTACKS, Attack  # noqa: E402

KINDS = [rounds for name, (rounds, _) in ATTACKS.items() if name != "frames for closed streams"]  # that one sleeps
PREFACE = h2.PREFACE + h2.frame("settings", 0, 0)


class Attacker:
    def __init__(self, address, kind):
        self.address, self.kind = address, kind
        self.open()

    def open(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.connect_ex(self.address)
        self.rounds = self.kind(Attack())
        self.left = PREFACE

    def turn(self):
        """Sends what it can; False when it was cut off."""
        try:
            self.left = self.left or next(self.rounds)[:65536]
            self.left = self.left[self.sock.send(self.left):]
            return self.sock.recv(65536) != b""
        except BlockingIOError:
            return True
        except OSError as wrong:
            return wrong.errno == errno.ENOTCONN


def main():
    host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    attackers = [Attacker((host, port), KINDS[n % len(KINDS)]) for n in range(count)]
    print("ready", flush=True)
    cut = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for attacker in attackers:
            if not attacker.turn():
                cut += 1
                attacker.sock.close()
                attacker.open()
        time.sleep(0.02)  # the machine is shared with those who are to be served
    print(cut, flush=True)


main()
