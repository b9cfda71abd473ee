import { randomInteger } from '#src/kit/random.js'
import { FAULTS, type FaultName, kill } from './faults.js'
import type { World } from './world.js'

/** What ends an attempt more often than not: without it nothing would be restored. */
const BLOWS = [
  'kill',
  'thread crash',
  'freeze',
  'user code',
  'cut',
  'ambush',
  'leader killed',
  'leader frozen',
  'store lost to the leader',
] as const satisfies readonly FaultName[]

/** What befalls whoever directs, and nobody else: while another can take over, no job starts again for it. */
const LEADERS_ALONE = [
  'leader killed',
  'leader frozen',
  'store lost to the leader',
  'lease answers lost',
  'lease lost to one',
  'lease down',
  'stale lease',
] as const satisfies readonly FaultName[]

const WORDS_ALONE_MS = 3_000
/** A leader has the jobs of the one before it by then, and has been heard by all. */
const SETTLED_MS = 3_000
/** What one word leads to is done by then, if all goes well. */
const SOON_MS = 500

/** What can go wrong in a world: all that there is, or only what befalls whoever directs. */
export type Theme = 'anything' | 'leaders'

/**
 * What goes wrong in one world, and when. Few kinds of faults in one, all of them in another, so that rare ones are not
 * drowned by common ones; seldom in one, several a second in another.
 */
export class Disasters {
  readonly theme: Theme
  readonly names: readonly FaultName[]
  readonly #world: World
  readonly #blow: FaultName
  readonly #gapMs: number
  /** They go on for so long. */
  readonly #lastMs: number
  #phase: 'not begun' | 'going on' | 'over' = 'not begun'
  #endsAt = Number.POSITIVE_INFINITY
  #nextAt = 0
  /** Somebody leads since then. */
  #ledSince = 0
  /** One process that does work, or the one that directs it, is always killed, and soon. */
  #strikesAt = 0

  constructor(world: World) {
    const { random } = world
    this.#world = world
    this.theme = random.next() < 0.12 ? 'leaders' : 'anything'
    const all = this.theme === 'leaders' ? LEADERS_ALONE : (Object.keys(FAULTS) as FaultName[])
    const blows = this.theme === 'leaders' ? LEADERS_ALONE.slice(0, 3) : BLOWS
    const share = random.next() ** 2
    const drawn = all.filter(() => random.next() < share)
    this.names = drawn.length > 0 ? drawn : [all[randomInteger(random, all.length)]!]
    this.#blow = blows[randomInteger(random, blows.length)]!
    this.#gapMs = 200 + random.next() ** 2 * 4_000
    this.#lastMs = 4_000 + random.next() * 30_000
  }

  /** Once they are, nothing goes wrong any more. */
  get areOver(): boolean {
    const { clock } = this.#world
    if (this.#phase === 'going on' && clock.now() >= this.#endsAt) this.#phase = 'over'
    return this.#phase === 'over'
  }

  /** A run was accepted: from now on things may go wrong. */
  begin(): void {
    const { clock, random } = this.#world
    this.#nextAt = clock.now() + random.next() * 500
    if (this.#phase !== 'not begun') return
    this.#phase = 'going on'
    this.#strikesAt = clock.now() + 200 + (random.next() ** 2 * this.#lastMs) / 2
    this.#endsAt = clock.now() + this.#lastMs
  }

  /** What is due by now goes wrong. */
  look(): void {
    const { random, clock } = this.#world
    const now = clock.now()
    if (now >= this.#strikesAt) this.#strike()
    const isFair = this.theme === 'anything' || this.#canBeReplaced()
    while (this.#nextAt <= now) {
      const name = this.#nextName(now)
      if (isFair) FAULTS[name](this.#world, random)
      this.#nextAt += this.#gapMs * (0.2 + random.next() * 1.6)
    }
  }

  /** Whoever directs dies in a moment: of two words in a row he says the one, and does not come to the other. */
  killLeaderSoon(): void {
    const { random } = this.#world
    this.#world.later(random.next() ** 2 * SOON_MS, () => {
      if (this.theme === 'anything' || this.#canBeReplaced()) FAULTS['leader killed'](this.#world, random)
    })
  }

  /**
   * At the end only words are lost: whatever then stands still for ever shows, where a blow would have the next attempt
   * cure it.
   */
  #nextName(now: number): FaultName {
    const { random } = this.#world
    if (this.theme === 'anything' && now >= this.#endsAt - WORDS_ALONE_MS) return 'lost word'
    return random.next() < 0.3 ? this.#blow : this.names[randomInteger(random, this.names.length)]!
  }

  /** Somebody leads, and has for a while; and another stands by. */
  #canBeReplaced(): boolean {
    const { machines, clock } = this.#world
    const leaders = this.#world.leaders()
    if (!leaders.some(({ isUp }) => isUp)) {
      this.#ledSince = clock.now()
      return false
    }
    return (
      clock.now() - this.#ledSince >= SETTLED_MS &&
      machines.some(
        (machine) => machine.isReady && machine.roles.includes('job-manager') && !leaders.includes(machine),
      )
    )
  }

  #strike(): void {
    const { machines, random } = this.#world
    if (this.theme === 'leaders') {
      if (!this.#canBeReplaced()) return
      FAULTS['leader killed'](this.#world, random)
      this.#strikesAt = Number.POSITIVE_INFINITY
      return
    }
    const busy = machines.filter(({ isBusy }) => isBusy)
    if (busy.length === 0) return
    kill(this.#world, busy[randomInteger(random, busy.length)], 100 + random.next() * 5_000)
    this.#strikesAt = Number.POSITIVE_INFINITY
  }
}
