import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

export interface FakeNatsServer {
  readonly url: string
  /** How often somebody has connected. */
  readonly dials: number
  /** Closes the living connections, and the next `dials` ones at once. */
  refuse(dials: number): void
  /** Ends each login, from now on, with this error; and the living connections. */
  rejectLogins(error: string): void
  /** Says `line` to all who are connected. */
  say(line: string): void
  stop(): Promise<void>
}

/** Says what a real nats-server says only on bad days. Greets with `info`, answers pings, and takes anything. */
export async function startFakeNats(info: Readonly<Record<string, unknown>> = {}): Promise<FakeNatsServer> {
  const sockets = new Set<Socket>()
  let dials = 0
  let refusals = 0
  let rejection: string | undefined
  const greeting = {
    server_id: 'fake',
    version: '2.12.7',
    headers: true,
    max_payload: 1_048_576,
    proto: 1,
    ...info,
  }
  const server = createServer((socket) => {
    dials++
    socket.on('error', () => {})
    if (refusals > 0) {
      refusals--
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.write(`INFO ${JSON.stringify(greeting)}\r\n`)
    socket.on('data', (chunk) => {
      const said = chunk.toString('latin1')
      if (rejection !== undefined && said.includes('CONNECT')) socket.end(`-ERR '${rejection}'\r\n`)
      else socket.write('PONG\r\n'.repeat(said.split('PING\r\n').length - 1))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dropAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get dials() {
      return dials
    },
    refuse(count) {
      refusals = count
      dropAll()
    },
    rejectLogins(error) {
      rejection = error
      dropAll()
    },
    say(line) {
      for (const socket of sockets) socket.write(`${line}\r\n`)
    },
    async stop() {
      dropAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
