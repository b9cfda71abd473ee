import type { Cancel, Clock } from '../kit/clock.js'

/**
 * A thread of a simulated process. Whatever happens in it is called by its clock, so that it can be frozen and killed
 * as a whole, with all timers and answers that nobody else would know of.
 *
 * A frozen thread is called nothing; when it goes on, timers that fell due come first, then what arrived meanwhile: so
 * does the loop of Node.
 */
export class SimulatedThread {
  /** `<process>` or `<process>/slot-<n>`. */
  readonly name: string
  readonly clock: Clock
  readonly #virtual: Clock
  #state: 'running' | 'frozen' | 'catching-up' | 'dead' = 'running'
  #timers: (() => void)[] = []
  #arrivals: (() => void)[] = []

  /** @param skewMs by how much the wall clock of its machine is wrong, now */
  constructor(name: string, virtual: Clock, skewMs: () => number = () => 0) {
    this.name = name
    this.#virtual = virtual
    this.clock = {
      now: () => virtual.now(),
      wallTime: () => virtual.wallTime() + skewMs(),
      after: (delayMs, callback) => this.#after(delayMs, callback),
      soon: (callback) => virtual.soon(() => this.#run(this.#arrivals, callback)),
    }
  }

  isAlive(): boolean {
    return this.#state !== 'dead'
  }

  /** What comes from outside reaches the thread by this. */
  arrive(callback: () => void): void {
    this.#run(this.#arrivals, callback)
  }

  freeze(): void {
    if (this.#state === 'running' || this.#state === 'catching-up') this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'catching-up'
    this.#virtual.soon(() => this.#catchUp())
  }

  kill(): void {
    this.#state = 'dead'
    this.#timers = []
    this.#arrivals = []
  }

  #after(delayMs: number, callback: () => void): Cancel {
    let isWanted = true
    const cancel = this.#virtual.after(delayMs, () =>
      this.#run(this.#timers, () => {
        if (isWanted) callback()
      }),
    )
    return () => {
      isWanted = false
      cancel()
    }
  }

  #run(backlog: (() => void)[], callback: () => void): void {
    if (this.#state === 'running') callback()
    else if (this.#state !== 'dead') backlog.push(callback)
  }

  /** One after the other, each in a turn of its own; what comes meanwhile comes behind them. */
  #catchUp(): void {
    if (this.#state !== 'catching-up') return
    const next = this.#timers.shift() ?? this.#arrivals.shift()
    if (next === undefined) {
      this.#state = 'running'
      return
    }
    this.#virtual.soon(() => this.#catchUp())
    next()
  }
}
