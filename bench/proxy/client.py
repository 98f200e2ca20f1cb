"""A mail program, as lean as can be, that does the same directly and through the proxy, in turn, and measures both.

On standard input one line of JSON: {"direct": WAY, "proxied": WAY, "pid": N}, where a WAY is {"port", "user"} with {"token", "ca"} or
{"password"}, and the pid is the proxy's. On standard output one line of JSON: what was measured.

    python3 bench/proxy/client.py MEASUREMENT [ARGUMENT …]
"""

import base64
import json
import resource
import socket
import ssl
import statistics
import sys
import threading
import time

PATIENCE_SECONDS = 60
BUFFER_BYTES = 1 << 18
MAILBOX = "Large"
#: As encoded attachments are.
LINE = b"VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhlIHF1aWNrIGJy\r\n"
HEAD = b"From: a@mail.test\r\nSubject: large\r\n\r\n"

given = json.loads(sys.stdin.readline())
pid = given["pid"]


class Way:
    """How to a mailbox: to its server in TLS with a token, or to the proxy with a password."""

    def __init__(self, facts):
        self.port, self.user = facts["port"], facts["user"]
        self.context = ssl.create_default_context(cafile=facts["ca"]) if "ca" in facts else None
        if "token" in facts:
            response = f"user={self.user}\1auth=Bearer {facts['token']}\1\1".encode()
            self.login = b"a AUTHENTICATE XOAUTH2 " + base64.b64encode(response) + b"\r\n"
        else:
            self.login = f'a LOGIN "{self.user}" "{facts["password"]}"\r\n'.encode()

    def connect(self):
        # As people configure programs: a mail server has a name, the proxy is an address.
        host = "127.0.0.1" if self.context is None else "localhost"
        plain = socket.create_connection((host, self.port), PATIENCE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain if self.context is None else self.context.wrap_socket(plain, server_hostname=host)


class Session:
    """Logged in."""

    buffers = threading.local()

    def __init__(self, way):
        if not hasattr(self.buffers, "one"):
            self.buffers.one = bytearray(BUFFER_BYTES)
        self.buffer = self.buffers.one
        self.socket = way.connect()
        self.until(b"* OK")
        self.socket.sendall(way.login)
        self.until(b"a ")

    def ask(self, command):
        self.socket.sendall(b"a " + command + b"\r\n")
        return self.until(b"a ")

    def until(self, beginning):
        """Everything up to a line that begins so; it must say OK."""
        heard = b""
        while True:
            heard += self.receive()
            if heard.endswith(b"\r\n"):
                last = heard[heard.rfind(b"\r\n", 0, -2) + 2 :] if heard.count(b"\r\n") > 1 else heard
                if last.startswith(beginning):
                    if b" OK" not in last[:12]:
                        sys.exit(f"refused: {last!r}")
                    return heard

    def receive(self):
        count = self.socket.recv_into(self.buffer)
        if count == 0:
            sys.exit("the connection ended")
        return self.buffer[:count]

    def fetch(self, command):
        """One message; how many bytes it had."""
        self.socket.sendall(b"a " + command + b"\r\n")
        return self.message()

    def message(self):
        heard = self.receive()
        while b"}\r\n" not in heard:
            heard += self.receive()
        start = heard.index(b"}\r\n") + 3
        size = int(heard[heard.index(b"{") + 1 : start - 3])
        left = size - (len(heard) - start)
        rest = heard[start + size :]
        while left > 0:
            count = self.socket.recv_into(self.buffer)
            if count == 0:
                sys.exit("the connection ended")
            rest = bytes(self.buffer[left:count])
            left -= count
        while not (b"\r\na OK" in rest and rest.endswith(b"\r\n")):
            rest += self.receive()
        return size

    def append(self, size):
        block = LINE * (BUFFER_BYTES // len(LINE))
        self.socket.sendall(b"a APPEND %s {%d}\r\n" % (MAILBOX.encode(), size))
        self.until(b"+")
        left = size - self.socket.send(HEAD)
        while left > 0:
            piece = block if left >= len(block) else block[-left:]
            self.socket.sendall(piece)
            left -= len(piece)
        self.socket.sendall(b"\r\n")
        self.until(b"a ")

    def close(self):
        self.socket.close()


WAYS = {name: Way(given[name]) for name in ("direct", "proxied")}


def in_turn(rounds, sample):
    """{way: [sample(way) …]}; who comes first changes."""
    results = {name: [] for name in WAYS}
    for index in range(-1, rounds):
        for name in list(WAYS)[:: 1 if index % 2 else -1]:
            value = sample(name)
            if index >= 0:
                results[name].append(value)
    return results


def medians(samples):
    return {name: statistics.median(values) for name, values in samples.items()}


def seconds(action, *arguments):
    start = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - start


def selected():
    sessions = {name: Session(way) for name, way in WAYS.items()}
    for session in sessions.values():
        session.ask(b"SELECT " + MAILBOX.encode())
    return sessions


def login(rounds):
    def sample(name):
        start = time.perf_counter()
        session = Session(WAYS[name])
        took = time.perf_counter() - start
        session.close()
        return took * 1000

    return medians(in_turn(rounds, sample))


def prepare(large, small):
    session = Session(WAYS["direct"])
    session.ask(b"CREATE " + MAILBOX.encode())
    session.append(large)
    session.append(small)


def fetch(rounds):
    sessions = selected()
    return medians(in_turn(rounds, lambda name: rate(sessions[name].fetch, b"FETCH 1 BODY.PEEK[]")))


def append(size, rounds):
    sessions = {name: Session(way) for name, way in WAYS.items()}
    cleaner = Session(WAYS["direct"])

    def sample(name):
        took = seconds(sessions[name].append, size)
        cleaner.ask(b"SELECT " + MAILBOX.encode())
        cleaner.ask(b"STORE 3:* +FLAGS.SILENT (\\Deleted)")
        cleaner.ask(b"EXPUNGE")
        return size / 1e6 / took

    return medians(in_turn(rounds, sample))


def rate(action, command):
    start = time.perf_counter()
    size = action(command)
    return size / 1e6 / (time.perf_counter() - start)


def small(rounds):
    sessions = selected()
    return medians(in_turn(rounds, lambda name: 1e6 * seconds(sessions[name].fetch, b"FETCH 2 BODY.PEEK[]")))


def noop(rounds):
    sessions = {name: Session(way) for name, way in WAYS.items()}
    return medians(in_turn(rounds, lambda name: 1e6 * seconds(sessions[name].ask, b"NOOP")))


def resident_kb():
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def idle(count):
    """Sessions through the proxy that say nothing."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    Session(WAYS["proxied"]).close()
    time.sleep(1)
    before = resident_kb()
    sessions = [Session(WAYS["proxied"]) for _ in range(count)]
    full = resident_kb()
    time.sleep(15)
    later = resident_kb()
    alive = sum(1 for session in sessions if b" OK" in session.ask(b"NOOP"))
    return {"before": before, "with": full, "later": later, "alive": alive}


def crowd(count, parallel):
    """Logins, so many at the same time."""
    results = {}
    for name, way in WAYS.items():
        waits, left, lock = [], [count], threading.Lock()

        def worker():
            while True:
                with lock:
                    if left[0] == 0:
                        return
                    left[0] -= 1
                start = time.perf_counter()
                session = Session(way)
                waits.append(1000 * (time.perf_counter() - start))
                session.close()

        threads = [threading.Thread(target=worker) for _ in range(parallel)]
        took = seconds(lambda: [thread.start() for thread in threads] and [thread.join() for thread in threads])
        if len(waits) != count:
            sys.exit(f"{count - len(waits)} logins failed")
        waits.sort()
        results[name] = {
            "rate": count / took,
            "median": statistics.median(waits),
            "p99": waits[int(0.99 * (count - 1))],
        }
    return results


def stalled(seconds_each):
    """Others' NOOPs, and what the proxy needs, before and while somebody has asked for the large message and does not read it."""
    other = Session(WAYS["proxied"])
    reader = Session(WAYS["proxied"])
    reader.ask(b"SELECT " + MAILBOX.encode())

    def watch():
        waits, most, end = [], 0, time.perf_counter() + seconds_each
        while time.perf_counter() < end:
            waits.append(1e6 * seconds(other.ask, b"NOOP"))
            most = max(most, resident_kb())
            time.sleep(0.002)
        return statistics.median(waits), most

    undisturbed, before = watch()
    reader.socket.sendall(b"a FETCH 1 BODY.PEEK[]\r\n")
    others, most = watch()
    return {"undisturbed": undisturbed, "others": others, "before": before, "most": most, "read": reader.message()}


MEASUREMENTS = (login, prepare, fetch, append, small, noop, idle, crowd, stalled)
measurement = {each.__name__: each for each in MEASUREMENTS}[sys.argv[1]]
print(json.dumps(measurement(*map(int, sys.argv[2:]))))
