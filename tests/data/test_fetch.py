import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from symray.data.fetch import fetch
from symray.errors import UserError

CONTENT = bytes(range(256)) * 20_000
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


class Publisher(BaseHTTPRequestHandler):
    """Serves ``CONTENT``; breaks off after ``breaks_at`` bytes, understands ranges or not."""

    breaks_at = None
    ranges = True
    asked = ()

    def do_GET(self):
        begin = 0
        wanted = self.headers.get("Range")
        type(self).asked = (*self.asked, wanted)
        if wanted and self.ranges:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if begin < len(CONTENT) else 416)
        else:
            self.send_response(200)
        body = CONTENT[begin:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.breaks_at])

    def log_message(self, *args):
        pass


@pytest.fixture
def publisher():
    """A handler's class to be set up, and the address that it serves."""

    class Own(Publisher):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Own.url = f"http://127.0.0.1:{server.server_port}/data.bin"
    yield Own
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_once_with_progress(publisher, tmp_path):
    heard = []
    path = tmp_path / "new" / "data.bin"
    for _ in range(2):
        fetch(publisher.url, SHA256, path, lambda *news: heard.append(news))
    assert path.read_bytes() == CONTENT
    assert publisher.asked == (None,)
    assert heard[-1] == (f"fetching {publisher.url}", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in heard] == sorted({done for _, done, _ in heard})
    assert [path.name for path in path.parent.iterdir()] == ["data.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_what_broke_off_is_continued_or_begun_again(publisher, tmp_path, ranges):
    publisher.breaks_at, publisher.ranges = 3_000_000, ranges
    with pytest.raises(UserError, match="goes on where this stopped"):
        fetch(publisher.url, SHA256, tmp_path / "data.bin")
    assert not (tmp_path / "data.bin").exists()
    publisher.breaks_at = None
    fetch(publisher.url, SHA256, tmp_path / "data.bin")
    assert publisher.asked == (None, "bytes=3000000-")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_a_part_that_is_all_of_it_is_taken(publisher, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT)
    fetch(publisher.url, MD5, tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_another_file_is_refused_and_thrown_away(publisher, tmp_path):
    with pytest.raises(UserError, match=f"md5 {MD5[4:16]} instead of 000000000000"):
        fetch(publisher.url, f"md5:{0:032}", tmp_path / "data.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_publisher_that_is_away_is_named(tmp_path):
    with pytest.raises(UserError, match=r"http://127.0.0.1:9/x can't be fetched .*--from"):
        fetch("http://127.0.0.1:9/x", SHA256, tmp_path / "x")
