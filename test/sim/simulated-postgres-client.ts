import type { DatabaseClient } from '#src/connector/postgres/database-client.js'
import { PostgresFault } from '#src/connector/postgres/postgres-fault.js'
import { assert } from '#src/kit/assert.js'
import type { Random } from '#src/kit/random.js'
import type { SimulatedPostgres } from './simulated-postgres.js'
import { type Caller, Unanswered } from './wire.js'

/** How often a server that is gone has been noticed before the next statement is sent. */
const NOTICED_SHARE = 0.5
/** How often closing finds the statement still waiting in the server, and takes it back. */
const CANCELLED_SHARE = 0.5
const CANCEL_MS = 1_000

/** A request whose answer somebody waits for. */
interface UnderWay {
  /** What is known of it when no answer comes: a connection that was not made has carried nothing. */
  readonly lostAs: 'unreachable' | 'unanswered'
  /** The client has stopped waiting; the server may not have heard of it. */
  isGivenUp: boolean
  isCancelled: boolean
  reject(fault: PostgresFault): void
}

/**
 * The connection of one sink subtask, made when it is needed and made anew when a statement was left unanswered: what
 * was sent before may land after what is sent then.
 */
export class SimulatedPostgresClient implements DatabaseClient {
  readonly #server: SimulatedPostgres
  readonly #caller: Caller
  readonly #random: Random
  #isConnected = false
  #isClosed = false
  #underWay: UnderWay | undefined

  constructor(server: SimulatedPostgres, caller: Caller, random: Random) {
    this.#server = server
    this.#caller = caller
    this.#random = random
  }

  async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    await this.#connected()
    const sent = { text, values: values === undefined ? [] : [...values] }
    const rows = await this.#request('unanswered', ({ isGivenUp, isCancelled }) => {
      if (isCancelled) return []
      const isLate = isGivenUp || !this.#caller.isAlive()
      return this.#server.carryOut(sent.text, sent.values, this.#caller.name, isLate)
    })
    return rows as Row[]
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const underWay = this.#underWay
    if (underWay === undefined) return
    this.#giveUp(underWay, new Error('the connection was closed'))
    if (underWay.lostAs === 'unreachable' || this.#random.next() >= CANCELLED_SHARE) return
    const cancelled = this.#server.wire.request(this.#caller, () => {
      underWay.isCancelled = true
    })
    const patience = new Promise<void>((resolve) => this.#caller.clock.after(CANCEL_MS, resolve))
    await Promise.race([cancelled.catch(() => {}), patience])
  }

  async #connected(): Promise<void> {
    const { isDown } = this.#server.wire.conditions
    if (isDown && this.#isConnected) this.#isConnected = this.#random.next() >= NOTICED_SHARE
    this.#refuseClosed()
    if (this.#isConnected) return
    await this.#request('unreachable', () => {})
    this.#refuseClosed()
    this.#isConnected = true
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new PostgresFault('unreachable', new Error('the sink is closed'))
  }

  /** Rejects with what the server answered, or with `lostAs` when this client gave up. */
  #request<T>(lostAs: UnderWay['lostAs'], run: (request: UnderWay) => T): Promise<T> {
    assert(this.#underWay === undefined, 'two statements are under way on one connection')
    return new Promise((resolve, reject) => {
      const underWay: UnderWay = { lostAs, isGivenUp: false, isCancelled: false, reject }
      this.#underWay = underWay
      this.#server.wire
        .request(this.#caller, () => run(underWay))
        .then(
          (answer) => {
            this.#settle(underWay)
            resolve(answer)
          },
          (error: unknown) => {
            if (error instanceof Unanswered) this.#giveUp(underWay, error)
            this.#settle(underWay)
            reject(error)
          },
        )
    })
  }

  #giveUp(underWay: UnderWay, cause: Error): void {
    underWay.isGivenUp = true
    this.#isConnected = false
    this.#settle(underWay)
    underWay.reject(new PostgresFault(underWay.lostAs, cause))
  }

  #settle(underWay: UnderWay): void {
    if (this.#underWay === underWay) this.#underWay = undefined
  }
}
