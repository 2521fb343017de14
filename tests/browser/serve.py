"""The real site for a browser, at a fixed moment: ``python -m tests.browser.serve PORT MOMENT``.

Runs in a process of its own, so that the browser's event loop and Django never meet.
"""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import time_machine


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """The addresses asked for are nobody's business."""


def main(port: int, moment: str) -> None:
    with time_machine.travel(moment, tick=True):
        from ydjy.wsgi import application

        make_server("127.0.0.1", port, application, _Server, _Quiet).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
