import { connect, createServer, type Server, type Socket } from 'node:net'

/** Which way bytes go: to the server, or back to the client. */
export type Direction = 'toServer' | 'toClient'

/**
 * A link between a client and a server that a test can break: `hold` keeps what comes from then on, in one direction
 * or both, until `release`; `delayMs` slows it down; `cut` ends the connections; `refuse` lets none in. What it holds of
 * a connection whose client has gone away still reaches the server when it is released, as a network may do.
 */
export class TcpProxy {
  readonly #links = new Set<Link>()
  readonly #held = new Set<Direction>()
  readonly #delayMs = new Map<Direction, number>()
  readonly #server: Server
  #refuses = false
  #refusals = 0
  #target: { host: string; port: number }

  private constructor(target: { host: string; port: number }) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  static async to(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return address.port
  }

  /** `url` with this proxy in place of its host and port. */
  addressFor(url: string): string {
    const changed = new URL(url)
    changed.hostname = '127.0.0.1'
    changed.port = String(this.port)
    return changed.href
  }

  get connections(): number {
    return this.#links.size
  }

  /** Connections that were not let in. */
  get refusals(): number {
    return this.#refusals
  }

  /** Bytes that are being held. */
  heldBytes(direction: Direction): number {
    let bytes = 0
    for (const link of this.#links) bytes += link[direction].heldBytes
    return bytes
  }

  /** Keeps what comes from now on. */
  hold(...directions: Direction[]): void {
    for (const direction of all(directions)) this.#held.add(direction)
    this.#apply()
  }

  /** Passes on what was held, and what comes. */
  release(...directions: Direction[]): void {
    for (const direction of all(directions)) this.#held.delete(direction)
    this.#apply()
  }

  /** Everything takes this much longer; 0 ends it. */
  delay(delayMs: number, ...directions: Direction[]): void {
    for (const direction of all(directions)) this.#delayMs.set(direction, delayMs)
    this.#apply()
  }

  /** Ends all connections, on both sides; what was held of them is gone. */
  cut(): void {
    for (const link of this.#links) link.destroy()
  }

  /** Ends all connections towards their clients only; the server goes on waiting, and what was held stays held. */
  cutClients(): void {
    for (const link of this.#links) link.client.destroy()
  }

  /** Lets no new connection in, or again. */
  refuse(refuses = true): void {
    this.#refuses = refuses
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(client: Socket): void {
    if (this.#refuses) {
      this.#refusals++
      client.destroy()
      return
    }
    const link = new Link(client, connect(this.#target), () => this.#links.delete(link))
    this.#links.add(link)
    this.#apply()
  }

  #apply(): void {
    for (const link of this.#links) {
      for (const direction of ['toServer', 'toClient'] as const) {
        link[direction].set(this.#held.has(direction), this.#delayMs.get(direction) ?? 0)
      }
    }
  }
}

/** One connection through the proxy. Over when both sides are. */
class Link {
  readonly client: Socket
  readonly toServer: Pipe
  readonly toClient: Pipe
  readonly #server: Socket

  constructor(client: Socket, server: Socket, onOver: () => void) {
    this.client = client
    this.#server = server
    this.toServer = new Pipe(client, server)
    this.toClient = new Pipe(server, client)
    client.setNoDelay(true)
    server.setNoDelay(true)
    for (const socket of [client, server]) socket.on('error', () => {}) // told by 'close'
    server.once('close', () => {
      client.destroy()
      onOver()
    })
  }

  destroy(): void {
    this.client.destroy()
    this.#server.destroy()
  }
}

/** One direction of a connection: bytes, and then its end. */
class Pipe {
  readonly #to: Socket
  readonly #waiting: (Buffer | 'end')[] = []
  #isHeld = false
  #delayMs = 0

  constructor(from: Socket, to: Socket) {
    this.#to = to
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.once('close', () => this.#take('end'))
    from.once('end', () => this.#take('end'))
  }

  get heldBytes(): number {
    return this.#waiting.reduce((bytes, item) => bytes + (item === 'end' ? 0 : item.length), 0)
  }

  set(isHeld: boolean, delayMs: number): void {
    this.#isHeld = isHeld
    this.#delayMs = delayMs
    this.#flush()
  }

  #take(item: Buffer | 'end'): void {
    if (this.#delayMs === 0) {
      this.#waiting.push(item)
      this.#flush()
      return
    }
    setTimeout(() => {
      this.#waiting.push(item)
      this.#flush()
    }, this.#delayMs)
  }

  #flush(): void {
    if (this.#isHeld) return
    for (const item of this.#waiting.splice(0)) {
      if (item === 'end') this.#to.end()
      else if (!this.#to.destroyed) this.#to.write(item)
    }
  }
}

function all(directions: readonly Direction[]): readonly Direction[] {
  return directions.length === 0 ? ['toServer', 'toClient'] : directions
}
