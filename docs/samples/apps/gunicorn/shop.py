with open("version") as file:
    BODY = ("release %s serves\n" % file.read().strip()).encode()


def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]
