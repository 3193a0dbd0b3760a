"""What a picture file declares counts where it is at home in the file, and nowhere else; signatures are checked."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.data.evidence import DECLARATIONS, SIGNATURES, examine
from tests.conftest import REPOSITORY, without_network
from tests.support import evidence

pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF")

# The words of a file that has no signature, and of the same picture with signatures of three kinds.
SUMMARIES = {
    "plain.jpg": "declares nothing",
    "xmp.jpg": "declares AI, unverified",
    "camera.jpg": "declares capture, unverified",
    "signed.jpg": "declares AI, signed by Example Studio",
    "signed-by-unknown.jpg": "declares AI, signed by Example Studio, an unknown signer",
    "signed-photo-with-unsigned-ai.jpg": "declares AI, unverified; signed by Example Studio",
    "signed-nothing.jpg": "declares nothing, signed by Example Studio",
    "appended.jpg": "declares AI, broken signature",
}


@pytest.mark.parametrize("name", evidence.cases())
def test_declaration_and_signature(name: str):
    case = evidence.cases()[name]
    found = examine(case.content, evidence.authority())
    assert (found.declaration, found.signature) == (case.declaration, case.signature)
    assert any(case.says in line.text for line in found.lines) or not case.says


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary(name: str):
    found = examine(evidence.cases()[name].content, evidence.authority())
    assert found.summary == SUMMARIES[name]
    assert found.verified == (name == "signed.jpg")


def test_without_a_list_no_signer_is_trusted():
    found = examine(evidence.cases()["signed.jpg"].content)
    assert (found.declaration, found.signature, found.verified) == ("ai", "intact", False)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(list(evidence.cases())), st.data())
def test_damage_gives_evidence_or_none_but_never_an_error(name: str, data: st.DataObject):
    content = bytearray(evidence.cases()[name].content)
    for place in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=20)):
        if content:
            content[place] = data.draw(st.integers(0, 255))
    found = examine(bytes(content[: data.draw(st.integers(0, len(content)))]))
    assert found.declaration in DECLARATIONS
    assert found.signature in SIGNATURES
    assert all(line.text.isprintable() for line in found.lines)


# Counts requests to the address that the files refer to. The first is by the library itself, as it is without settings.
REQUESTS = """
import contextlib, fcntl, io, socket, struct, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import c2pa
from brushprint.data.evidence import examine
from tests.support import evidence

# Without a network, even the address of the machine itself is down at first.
with socket.socket() as opened:
    fcntl.ioctl(opened, 0x8914, struct.pack("16sH14x", b"lo", 0x41))
requests = []

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        requests.append(self.path)
        self.send_error(404)
    do_POST = do_GET
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", evidence.PORT), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
cases = evidence.cases()
with contextlib.suppress(c2pa.C2paError):
    c2pa.Reader("image/jpeg", io.BytesIO(cases["remote.jpg"].content))
print(len(requests))
for case in cases.values():
    examine(case.content, evidence.authority())
print(len(requests))
"""


def test_nothing_is_fetched():
    run = subprocess.run(
        without_network(sys.executable, "-c", REQUESTS), capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert run.stdout.split() == ["1", "1"]
