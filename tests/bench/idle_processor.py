"""A processor on grpc.aio that changes nothing: `python -m tests.bench.idle_processor SOCKET`."""

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc
from envoy.service.ext_proc.v3 import external_processor_pb2 as pb
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as services


class Idle(services.ExternalProcessorServicer):
    async def Process(
        self, requests: AsyncIterator[pb.ProcessingRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.ProcessingResponse]:
        async for request in requests:
            if request.HasField("request_headers"):
                yield pb.ProcessingResponse(request_headers=pb.HeadersResponse())
            else:
                yield pb.ProcessingResponse(response_headers=pb.HeadersResponse())


async def main(socket: str) -> None:
    server = grpc.aio.server()
    services.add_ExternalProcessorServicer_to_server(Idle(), server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
