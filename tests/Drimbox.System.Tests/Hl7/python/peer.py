"""python-hl7 (Debian python3-hl7) as a peer of the tests: parses, sends and receives. One line of JSON for each answer."""
import asyncio
import json
import ssl
import sys

import hl7
from hl7.mllp import open_hl7_connection, start_hl7_server


# A report is longer than the 64 KiB of a stream of asyncio.
LIMIT = 64 * 1024 * 1024


def leaves(path, node):
    """Every value that is not empty with its place, 1-based: segment, field, repetition, component, subcomponent."""
    if not isinstance(node, hl7.Container):
        if str(node):
            yield path + [1] * (5 - len(path)), str(node)
        return
    for index, child in enumerate(node):
        yield from leaves(path + [index + 1], child)


def values(message):
    for at, segment in enumerate(message):
        # The first element of a segment is its name.
        for number, field in enumerate(segment[1:]):
            for path, value in leaves([at + 1, number + 1], field):
                yield [*path, value]


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def parse(paths):
    for path in paths:
        text = read(path)
        message = hl7.parse(text)
        print(json.dumps({
            "names": [str(segment[0]) for segment in message],
            "values": list(values(message)),
            "again": str(message).rstrip("\r") == text.rstrip("\r"),
        }))


def context(purpose, files):
    """TLS with certificates on both sides, if the files are given: authority, certificate, key."""
    if not files:
        return None
    authority, certificate, key = files
    result = ssl.create_default_context(purpose, cafile=authority)
    result.load_cert_chain(certificate, key)
    result.verify_mode = ssl.CERT_REQUIRED
    return result


async def serve(tls):
    async def answer(reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                print(json.dumps({"type": str(message.segment("MSH")[9]), "id": str(message.segment("MSH")[10]),
                                  "length": len(str(message))}), flush=True)
                writer.writemessage(message.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    secure = context(ssl.Purpose.CLIENT_AUTH, tls)
    async with await start_hl7_server(answer, host="127.0.0.1", port=0, limit=LIMIT, encoding="utf-8", ssl=secure) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        await server.serve_forever()


async def send(port, paths, tls):
    secure = context(ssl.Purpose.SERVER_AUTH, tls)
    reader, writer = await open_hl7_connection("127.0.0.1", port, limit=LIMIT, encoding="utf-8", ssl=secure)
    for path in paths:
        writer.writemessage(hl7.parse(read(path)))
        await writer.drain()
        answer = await asyncio.wait_for(reader.readmessage(), 30)
        errors = [str(segment[3]) for segment in answer if str(segment[0]) == "ERR"]
        print(json.dumps({"code": str(answer.segment("MSA")[1]), "id": str(answer.segment("MSA")[2]), "errors": errors}))
    writer.close()
    await writer.wait_closed()


operation, *rest = sys.argv[1:]
tls_files = []
if rest[:1] == ["--tls"]:
    tls_files, rest = rest[1:4], rest[4:]
if operation == "parse":
    parse(rest)
elif operation == "serve":
    asyncio.run(serve(tls_files))
else:
    asyncio.run(send(int(rest[0]), rest[1:], tls_files))
