#!/usr/bin/python3
"""A small HTTP service for tests: shop_server.py ROOT PORT

A master process listens; a worker runs in the release that ROOT/current names
and answers requests. SIGHUP starts a new worker and ends the old one once it
has finished its requests; SIGTERM ends both processes in the same way. Under a
socket unit the server uses the inherited socket and ignores PORT.

  /      the version that the worker was started in, from its file `version`
  /slow  the same, but the second half follows after three seconds

The file `behaviour` of the release makes the server misbehave:
  ok      it does not                die     exits on reload
  hang    never finishes its reload  keep    reports a reload without doing it
  crash   dies 2 s after a reload    error   answers 500
  mute    never answers                   late   dies 40 s after its start
While ROOT/broken exists, every release answers 500. Each start and each reload
appends a line to ROOT.log.
"""
import os, select, signal, socket, sys, threading, time

ROOT, PORT = sys.argv[1], int(sys.argv[2])


def read(path):
    with open(path) as file:
        return file.read().strip()


def note(text):
    with open(ROOT + ".log", "a") as log:
        log.write(text + "\n")


def tell(text):
    if "NOTIFY_SOCKET" in os.environ:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])


def listen():
    if os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=3)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(1024)
    return listener


def answer(connection, version, behaviour):
    with connection:
        request = b""
        while b"\r\n\r\n" not in request:
            data = connection.recv(4096)
            if not data:
                return
            request += data
        if behaviour == "mute":
            time.sleep(60)
        bad = behaviour == "error" or os.path.exists(ROOT + "/broken")
        body = ("release %s serves\n" % version).encode()
        head = "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        status = "500 Broken" if bad else "200 OK"
        connection.sendall((head % (status, len(body))).encode())
        half = len(body) // 2
        connection.sendall(body[:half])
        if request.startswith(b"GET /slow "):
            time.sleep(3)
        connection.sendall(body[half:])


def work(listener, ready):
    stop = threading.Event()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.chdir(os.path.realpath(ROOT + "/current"))
    version, behaviour = read("version"), read("behaviour")
    listener.setblocking(False)
    os.write(ready, b"1")
    os.close(ready)
    threads = []
    while not stop.is_set():
        if not select.select([listener], [], [], 0.02)[0]:
            continue
        try:
            connection = listener.accept()[0]
        except BlockingIOError:
            continue  # the other worker was quicker
        connection.setblocking(True)
        daemon = behaviour == "mute"
        thread = threading.Thread(
            target=answer, args=(connection, version, behaviour), daemon=daemon)
        thread.start()
        threads = [t for t in threads if t.is_alive()] + [thread]
    for thread in threads:
        if not thread.daemon:
            thread.join()
    os._exit(0)


def start_worker(listener):
    ready, its_end = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.close(ready)
        work(listener, its_end)
    os.close(its_end)
    os.read(ready, 1)
    os.close(ready)
    return worker


def reload(listener, worker):
    tell("RELOADING=1")
    behaviour = read(ROOT + "/current/behaviour")
    note("reload " + read(ROOT + "/current/version"))
    if behaviour == "die":
        # More lines than a message has: the last one must be in it.
        for number in range(20):
            print("trying", number, flush=True)
        print("no, I cannot go on", flush=True)
        os._exit(3)
    if behaviour == "hang":
        return worker
    if behaviour != "keep":
        old, worker = worker, start_worker(listener)
        os.kill(old, signal.SIGTERM)
    tell("READY=1")
    if behaviour == "crash":
        signal.alarm(2)
    return worker


def main():
    signals = {signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    os.chdir("/")
    listener = listen()
    note("start " + read(ROOT + "/current/version"))
    if read(ROOT + "/current/behaviour") == "late":
        signal.alarm(40)
    worker = start_worker(listener)
    tell("READY=1")
    while True:
        got = signal.sigwait(signals)
        if got == signal.SIGHUP:
            worker = reload(listener, worker)
        elif got == signal.SIGTERM:
            os.kill(worker, signal.SIGTERM)
            while True:
                try:
                    os.wait()
                except ChildProcessError:
                    sys.exit(0)
        else:
            while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
                pass


main()
