"""A proxy between pgentry and PostgreSQL that does to the bytes what bad networks and bad servers do."""
import asyncio
import random
import socket
import struct
import threading

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class Fault:
    """What happens to the bytes of one direction ("server": those that the server sends, "client"), counted over all
    connections: `after` of them pass. The connection that brings the next one is treated so, the others after it are not,
    unless `always`.

    what: cut (both ends reset), silent (nothing more passes, nothing is closed), garbage (other bytes instead)."""

    def __init__(self, what, direction="server", after=0, always=False):
        self.what, self.direction, self.after, self.always = what, direction, after, always


class Proxy:
    """Listens on `port`. Used as a context; `passed` counts the bytes of each direction.

    tls: an ssl.SSLContext, the certificate with which the proxy speaks TLS to clients; without TLS to the server."""

    def __init__(self, target, fault=None, bytewise=False, delay=0.0, seed=0, tls=None):
        self.target, self.fault, self.bytewise, self.delay, self.tls = target, fault, bytewise, delay, tls
        self.random = random.Random(seed)
        self.passed = {"server": 0, "client": 0}
        self.struck = 0  # connections that the fault met
        self.connections = 0
        self.loop = asyncio.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, sock=self.listener))
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def _serve(self, from_client, to_client):
        self.connections += 1
        streams = [to_client]
        try:
            if self.fault and self.fault.always and self.fault.after == 0:
                self.struck += 1
                return await self._strike(from_client, to_client, streams)
            if self.tls:
                assert await from_client.readexactly(8) == SSL_REQUEST
                to_client.write(b"S")
                await to_client.start_tls(self.tls)
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
            streams.append(to_server)
            ways = [asyncio.ensure_future(self._pass(from_server, to_client, "server", streams)),
                    asyncio.ensure_future(self._pass(from_client, to_server, "client", streams))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for stream in streams:
                stream.close()

    async def _pass(self, source, sink, direction, streams):
        while data := await source.read(65536):
            fault = self.fault if self.fault and self.fault.direction == direction else None
            if fault and (fault.always or self.struck == 0):
                left = fault.after - self.passed[direction]
                if len(data) > left:
                    self.struck += 1
                    await self._send(sink, data[:max(left, 0)], direction)
                    return await self._strike(source, sink, streams)
            await self._send(sink, data, direction)

    async def _send(self, sink, data, direction):
        self.passed[direction] += len(data)
        if self.delay:
            await asyncio.sleep(self.delay)  # this is what the network does, not a wait for something
        for piece in (data[i:i + 1] for i in range(len(data))) if self.bytewise else (data,):
            sink.write(piece)
            await sink.drain()
            if self.bytewise:
                await asyncio.sleep(0)

    async def _strike(self, source, sink, streams):
        if self.fault.what == "cut":
            for stream in streams:
                stream.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        while data := await source.read(65536):
            if self.fault.what == "garbage":
                sink.write(self.random.randbytes(len(data)))
                await sink.drain()
