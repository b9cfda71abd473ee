import { connect, createServer, type Server, type Socket } from 'node:net'

/** Which way bytes go: to the server, or back to the client. */
export type Direction = 'toServer' | 'toClient'

/**
 * A link between a client and a server that a test can break: `hold` keeps what comes from then on, in one direction
 * or both, until `release`; `holdFrom` does so from certain words on, on each connection that says them; `delayMs` slows
 * it down; `cut` ends the connections; `refuse` lets none in. What it holds of a connection whose client has gone away
 * still reaches the server when it is released, as a network may do.
 */
export class TcpProxy {
  readonly #links = new Set<Link>()
  readonly #held = new Set<Direction>()
  readonly #words = new Map<Direction, string>()
  readonly #delayMs = new Map<Direction, number>()
  readonly #server: Server
  #refuses = false
  #refusals = 0
  readonly #passed: Record<Direction, number> = { toServer: 0, toClient: 0 }
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
    return this.held(direction).reduce((sum, bytes) => sum + bytes.length, 0)
  }

  /** What is being held of each connection that has something to say. */
  held(direction: Direction): readonly Buffer[] {
    return [...this.#links].map((link) => link[direction].held).filter((bytes) => bytes.length > 0)
  }

  /** Bytes that went through, of all connections there ever were. */
  passedBytes(direction: Direction): number {
    return this.#passed[direction]
  }

  /** Keeps what comes from now on. */
  hold(...directions: Direction[]): void {
    for (const direction of all(directions)) this.#held.add(direction)
    this.#apply()
  }

  /** Keeps what a connection says from the piece on in which these words come, until `release`; others go on. */
  holdFrom(direction: Direction, words: string): void {
    this.#words.set(direction, words)
    this.#apply()
  }

  /** Passes on what was held, and what comes. */
  release(...directions: Direction[]): void {
    for (const direction of all(directions)) {
      this.#held.delete(direction)
      this.#words.delete(direction)
    }
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
    const onPassed = (direction: Direction, bytes: number) => {
      this.#passed[direction] += bytes
    }
    const link = new Link(client, connect(this.#target), onPassed, () => this.#links.delete(link))
    this.#links.add(link)
    this.#apply()
  }

  #apply(): void {
    for (const link of this.#links) {
      for (const direction of ['toServer', 'toClient'] as const) {
        link[direction].set({
          isHeld: this.#held.has(direction),
          holdFrom: this.#words.get(direction),
          delayMs: this.#delayMs.get(direction) ?? 0,
        })
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

  constructor(
    client: Socket,
    server: Socket,
    onPassed: (direction: Direction, bytes: number) => void,
    onOver: () => void,
  ) {
    this.client = client
    this.#server = server
    this.toServer = new Pipe(client, server, (bytes) => onPassed('toServer', bytes))
    this.toClient = new Pipe(server, client, (bytes) => onPassed('toClient', bytes))
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

interface Rules {
  readonly isHeld: boolean
  readonly holdFrom: string | undefined
  readonly delayMs: number
}

/** One direction of a connection: bytes, and then its end. */
class Pipe {
  readonly #to: Socket
  readonly #onPassed: (bytes: number) => void
  readonly #waiting: (Buffer | 'end')[] = []
  #rules: Rules = { isHeld: false, holdFrom: undefined, delayMs: 0 }
  /** The last bytes that went by: the words to hold from may come in two pieces. */
  #tail: Buffer = Buffer.alloc(0)
  /** It has met the words to hold from. */
  #hasMet = false

  constructor(from: Socket, to: Socket, onPassed: (bytes: number) => void) {
    this.#to = to
    this.#onPassed = onPassed
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.once('close', () => this.#take('end'))
    from.once('end', () => this.#take('end'))
  }

  get held(): Buffer {
    return Buffer.concat(this.#waiting.filter((item) => item !== 'end'))
  }

  set(rules: Rules): void {
    if (rules.holdFrom !== this.#rules.holdFrom) {
      this.#hasMet = false
      this.#tail = Buffer.alloc(0)
    }
    this.#rules = rules
    this.#flush()
  }

  #take(item: Buffer | 'end'): void {
    if (this.#rules.delayMs === 0) {
      this.#waiting.push(item)
      this.#flush()
      return
    }
    setTimeout(() => {
      this.#waiting.push(item)
      this.#flush()
    }, this.#rules.delayMs)
  }

  #flush(): void {
    while (this.#waiting.length > 0 && !this.#mustWait()) {
      const item = this.#waiting.shift()
      if (item === 'end') this.#to.end()
      else if (item !== undefined && !this.#to.destroyed) {
        this.#onPassed(item.length)
        this.#to.write(item)
      }
    }
  }

  /** Whether the next piece may not pass, whole as it is. */
  #mustWait(): boolean {
    const { isHeld, holdFrom } = this.#rules
    if (isHeld || this.#hasMet) return true
    const [next] = this.#waiting
    if (holdFrom === undefined || next === undefined || next === 'end') return false
    const seen = Buffer.concat([this.#tail, next])
    this.#hasMet = seen.includes(holdFrom)
    this.#tail = seen.subarray(-(holdFrom.length - 1))
    return this.#hasMet
  }
}

function all(directions: readonly Direction[]): readonly Direction[] {
  return directions.length === 0 ? ['toServer', 'toClient'] : directions
}
