"""A crowd of an agent's clients, in one lean process, so that it is the agent that is measured.

Every tenth asks; the others are silent, or stop in the middle of a request. All connect when a line comes on standard input, or the
silent ones before. Prints, for each that asked, how many milliseconds after it began to connect its token was there.

    python3 bench/crowd.py SOCKET REQUEST CLIENTS together|after
"""

import json
import select
import socket
import sys
import time

PATIENCE_SECONDS = 10
path, request, clients, when = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3]), sys.argv[4]
silent = []
asking = {}
waits_ms = []
poll = select.epoll()


def be_silent(index):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    silent.append(client)
    if index % 2 == 1:
        client.send(request[:20])


def ask():
    start = time.perf_counter()
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    client.send(request + b"\n")
    poll.register(client, select.EPOLLIN)
    asking[client.fileno()] = (client, start)


if when == "after":
    for index in range(clients):
        if index % 10 != 9:
            be_silent(index)
    time.sleep(1)
print("ready", flush=True)
sys.stdin.readline()
for index in range(clients):
    if index % 10 == 9:
        ask()
    elif when == "together":
        be_silent(index)
while asking:
    ready = poll.poll(PATIENCE_SECONDS)
    if not ready:
        sys.exit(f"{len(asking)} were not answered")
    for descriptor, _ in ready:
        client, start = asking[descriptor]
        heard = client.recv(65536)
        if heard == b"" or b'"error"' in heard:
            sys.exit(f"one was answered {heard!r}")
        if b'"token"' in heard:
            waits_ms.append(1000 * (time.perf_counter() - start))
            poll.unregister(descriptor)
            del asking[descriptor]
print(json.dumps(waits_ms))
