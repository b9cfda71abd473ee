import type { Clock } from '#src/kit/clock.js'
import type { Random } from '#src/kit/random.js'
import type { VirtualClock } from '#src/kit/virtual-clock.js'

/** A process, as a server sees the other end of a connection. */
export interface Caller {
  /** `tm-1`, or `tm-1/slot-0`. */
  readonly name: string
  /** Of the process: stands still while that is frozen, and calls nothing any more once it is dead. */
  readonly clock: Clock
  /** What a dead process still wants to send is sent by nobody. */
  isAlive(): boolean
}

/** The machine that it lives on. */
export function machineOf({ name }: Caller): string {
  return name.split('/')[0] ?? name
}

/** How bad the way to a server is; faults change it while the world runs. */
export interface Conditions {
  /** Each way, drawn for each request. */
  latencyMs: readonly [number, number]
  /** Share of the requests that never arrive. */
  lostRequests: number
  /** Share of the requests that are carried out, and whose answer never arrives. */
  lostAnswers: number
  /** Share of the lost requests that are carried out after all, `lateMs` later: nobody hears of it. */
  late: number
  lateMs: readonly [number, number]
  /** Nothing arrives, and nothing is answered. */
  isDown: boolean
  /** The same, for these machines alone. */
  cutOff: ReadonlySet<string>
}

export const GOOD_CONDITIONS: Readonly<Conditions> = {
  latencyMs: [0.2, 3],
  lostRequests: 0,
  lostAnswers: 0,
  late: 0,
  lateMs: [500, 15_000],
  isDown: false,
  cutOff: new Set(),
}

/** No answer came: what became of the request is not known. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'

  constructor() {
    super('no answer came')
  }
}

/**
 * The way to a server, and back. A request is carried out at one moment, whole, also when its client has died since; a
 * refusal is an answer. Requests of one caller may overtake each other: whoever needs an order waits for the answers.
 */
export class Wire {
  readonly conditions: Conditions = { ...GOOD_CONDITIONS }
  /** How long each way takes when all is well. */
  usualMs: readonly [number, number] = GOOD_CONDITIONS.latencyMs
  /** Called when a request was just carried out and its answer has not left: the best moment for a crash. */
  onCarriedOut: ((caller: Caller) => void) | undefined
  readonly #clock: VirtualClock
  readonly #random: Random
  /** How long a client waits for an answer that does not come. */
  readonly #patienceMs: readonly [number, number]

  constructor(clock: VirtualClock, random: Random, patienceMs: readonly [number, number] = [200, 2_000]) {
    this.#clock = clock
    this.#random = random
    this.#patienceMs = patienceMs
  }

  /** Puts an end to all that faults have set. */
  heal(): void {
    Object.assign(this.conditions, GOOD_CONDITIONS, { latencyMs: this.usualMs })
  }

  /** Rejects with `Unanswered`, or with what `run` throws. */
  request<T>(caller: Caller, run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!caller.isAlive()) return
      const { latencyMs, lostRequests, lostAnswers, late, lateMs } = this.conditions
      const fate = this.#random.next()
      const isLost = fate < lostRequests
      const isUnanswered = isLost || fate < lostRequests + lostAnswers
      if (isUnanswered) caller.clock.after(this.#between(this.#patienceMs), () => reject(new Unanswered()))
      if (isLost) {
        if (this.#random.next() < late) this.#clock.after(this.#between(lateMs), () => void attempted(run))
        return
      }
      this.#clock.after(this.#between(latencyMs), () => {
        if (this.conditions.isDown || this.conditions.cutOff.has(machineOf(caller))) {
          caller.clock.after(this.#between(this.#patienceMs), () => reject(new Unanswered()))
          return
        }
        const outcome = attempted(run)
        this.onCarriedOut?.(caller)
        if (isUnanswered) return
        // Two legs: what arrives at a frozen process is read when it goes on.
        this.#clock.after(this.#between(latencyMs), () =>
          caller.clock.soon(() => (outcome.ok ? resolve(outcome.value) : reject(outcome.error))),
        )
      })
    })
  }

  #between([min, max]: readonly [number, number]): number {
    return min + this.#random.next() * (max - min)
  }
}

type Attempted<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

function attempted<T>(run: () => T): Attempted<T> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    return { ok: false, error }
  }
}
