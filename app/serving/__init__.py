"""The server that answers: processes, sockets and connections; no resource."""
