import { createServer } from 'node:net'

const LOWEST = 20_000
const HIGHEST = 32_000

/**
 * A port of the loopback interface that nothing listens on.
 *
 * It lies below the range from which the kernel takes the ports of outgoing connections. A server that is restarted
 * must find its port again, and a client that goes on connecting to a closed port of that range may be given this very
 * port as its own, connect to itself and hold it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
