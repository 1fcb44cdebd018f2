#!/usr/bin/python3
"""One instance of a small HTTP service for tests:

  instance_app.py --listen unix:SOCKET LOGS

It runs in its release, the working directory. Every GET and POST is answered by
"release VERSION serves", where VERSION is in the file `version`. Requests are
logged, one a line, in LOGS/VERSION, where VERSION is the release's directory:
"accept MONOTONIC_NS" for each connection, then "GET /path" for each request.

  /held/NAME   half of the answer; the rest follows when LOGS/NAME exists
  /large       100 MB
  /events      server-sent events until LOGS/finish exists, then one named "end"
  /socket      a WebSocket with the same messages

On SIGTERM the instance asks each client to close its connection for 0.3 s, stops
listening, finishes the requests that it has begun, except held ones, events and
WebSockets, and exits. The file `behaviour` of the release makes it misbehave:

  ok        it does not                abrupt   exits at once on SIGTERM
  absent    exits 1 when it starts     crash    exits 2 s after its start
  closed    never opens a socket       astray   opens SOCKET.other
  error     answers 500                mute     never answers
  foreign   a process of another unit listens, and answers well
  blocked   answers 500 to what comes through a front
  lacking   exits 1 when it starts, unless LOGS/mended exists
"""
import base64, hashlib, os, select, signal, socket, subprocess, sys, threading
import time

SOCKET = sys.argv[sys.argv.index("--listen") + 1].removeprefix("unix:")
LOGS = sys.argv[-1]


def read(path):
    with open(path) as file:
        return file.read().strip()


VERSION, BEHAVIOUR = read("version"), read("behaviour")
LOG = os.open(LOGS + "/" + os.path.basename(os.getcwd()),
              os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
draining = stopping = False
idle = set()  # connections that wait for a request


def note(line):
    os.write(LOG, (line + "\n").encode())


def head(status, length=None):
    last = draining or length is None
    return ("HTTP/1.1 %s\r\n%sConnection: %s\r\n\r\n" % (
        status, "" if length is None else "Content-Length: %d\r\n" % length,
        "close" if last else "keep-alive")).encode()


def send_held(connection, name):
    body = ("release %s serves\n" % VERSION).encode()
    connection.sendall(head("200 OK", len(body)) + body[:9])
    while not os.path.exists(LOGS + "/" + name):
        if stopping:
            return connection.shutdown(socket.SHUT_RDWR)
        time.sleep(0.02)
    connection.sendall(body[9:])


def send_large(connection):
    connection.sendall(head("200 OK", 100 << 20))
    for _ in range(100):
        connection.sendall(bytes(1 << 20))


def send_events(connection):
    connection.sendall(
        head("200 OK").replace(b"\r\n", b"\r\nContent-Type: text/event-stream\r\n",
                               1))
    while not draining:
        last = os.path.exists(LOGS + "/finish")
        connection.sendall(b"event: %s\ndata: %s\n\n" % (
            b"end" if last else b"tick", VERSION.encode()))
        if last:
            return
        time.sleep(0.02)


def send_messages(connection, lines):
    """Speaks RFC 6455 as far as a server must that only sends short texts."""
    key = next(line.split(b":")[1].strip() for line in lines
               if line.lower().startswith(b"sec-websocket-key:"))
    accept = base64.b64encode(hashlib.sha1(
        key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n"
                       b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while not draining:
        last = os.path.exists(LOGS + "/finish")
        text = b"%s %s" % (b"end" if last else b"tick", VERSION.encode())
        connection.sendall(bytes([0x81, len(text)]) + text)
        if last:
            return connection.sendall(bytes([0x88, 0]))
        time.sleep(0.02)


def answer(connection, path, lines):
    if BEHAVIOUR == "mute":
        time.sleep(600)
    if path.startswith("/held/"):
        return send_held(connection, path.removeprefix("/held/"))
    if path == "/large":
        return send_large(connection)
    if path == "/events":
        return send_events(connection)
    if path == "/socket":
        return send_messages(connection, lines)
    through_front = any(line.lower().startswith(b"x-forwarded") for line in lines)
    bad = BEHAVIOUR == "error" or BEHAVIOUR == "blocked" and through_front
    body = ("release %s serves\n" % VERSION).encode()
    connection.sendall(head("500 Broken" if bad else "200 OK", len(body)) + body)


def read_request(connection):
    """Returns method, path and the header's lines, or None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    header, _, body = data.partition(b"\r\n\r\n")
    lines = header.split(b"\r\n")
    length = 0
    for line in lines[1:]:
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    method, path, protocol = lines[0].decode().split(" ")
    keeps = protocol == "HTTP/1.1" and b"connection: close" not in header.lower()
    return method, path, lines, keeps


def serve(connection):
    try:
        while True:
            idle.add(connection)
            request = read_request(connection)
            idle.discard(connection)
            if not request:
                return
            method, path, lines, keeps = request
            note(method + " " + path)
            last = draining
            answer(connection, path, lines)
            if last or not keeps or path in ("/events", "/socket"):
                return
    except OSError:
        pass  # the client has gone
    finally:
        idle.discard(connection)
        connection.close()


def begin_drain(*_):
    global draining
    if BEHAVIOUR == "abrupt":
        os._exit(0)
    draining = True
    signal.setitimer(signal.ITIMER_REAL, 0.3)


def stop(*_):
    global stopping
    stopping = True


def listen(path):
    if "LISTEN_FDS" in os.environ:  # of a socket unit
        listener = socket.socket(fileno=3)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(4096)
    listener.setblocking(False)
    return listener


def accept_all(listener, threads):
    while True:
        try:
            connection = listener.accept()[0]
        except BlockingIOError:
            return
        note("accept %d" % time.monotonic_ns())
        connection.setblocking(True)
        thread = threading.Thread(target=serve, args=(connection,),
                                  daemon=BEHAVIOUR == "mute")
        thread.start()
        threads.append(thread)


def run(listener, woken):
    threads = []
    while not stopping:
        if woken in select.select([listener, woken], [], [])[0]:
            woken.recv(64)
        accept_all(listener, threads)
        threads = [thread for thread in threads if thread.is_alive()]
    # What is queued was connected before the end, too.
    accept_all(listener, threads)
    listener.close()
    for connection in list(idle):
        try:
            connection.shutdown(socket.SHUT_RD)
        except OSError:
            pass
    for thread in threads:
        if not thread.daemon:
            thread.join()


def start_foreign():
    """Runs a well-behaved copy of this release in a unit of its own."""
    name = "shop-foreign-" + os.path.basename(os.getcwd())
    subprocess.run(
        ["systemd-run", "--quiet", "--collect", "--unit=" + name,
         "--working-directory=" + os.getcwd(), "--setenv=BEHAVIOUR=ok",
         "--property=UMask=0000", sys.executable] + sys.argv, check=True)


def main():
    global BEHAVIOUR
    BEHAVIOUR = os.environ.get("BEHAVIOUR", BEHAVIOUR)
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, begin_drain)
    signal.signal(signal.SIGALRM, stop)
    lacks = BEHAVIOUR == "lacking" and not os.path.exists(LOGS + "/mended")
    if BEHAVIOUR == "absent" or lacks:
        print("no, I cannot start", flush=True)
        sys.exit(1)
    if BEHAVIOUR == "crash":
        threading.Timer(2, lambda: os._exit(3)).start()
    if BEHAVIOUR == "foreign":
        start_foreign()
    if BEHAVIOUR in ("closed", "foreign"):
        while not stopping:
            signal.pause()
        return
    run(listen(SOCKET + (".other" if BEHAVIOUR == "astray" else "")), woken)


main()
