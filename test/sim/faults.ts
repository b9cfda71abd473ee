import { type Random, randomInteger } from '#src/kit/random.js'
import type { SimulatedMachine } from '#src/testing/simulated-machine.js'
import type { Wire } from './wire.js'
import type { World } from './world.js'

/** Something goes wrong now; what does not mend itself is mended when its time is over, or when all is. */
type Strike = (world: World, random: Random) => void

/**
 * Everything that can go wrong around the cast. A seed has some of them, so that each can also go wrong among few others.
 */
export const FAULTS = {
  kill: (world, random) => kill(world, someMachine(world, random), between(random, 100, 8_000)),
  'thread crash': (world, random) => crashThread(world, someWorker(world, random)),
  freeze: (world, random) => freeze(world, someMachine(world, random), between(random, 50, 12_000)),
  drain: (world, random) => {
    const machine = someWorker(world, random)
    tell(world, 'drain', machine?.name)
    machine?.drain()
  },
  'user code': (world, random) => {
    world.throwsLeft = 1 + randomInteger(random, 3)
  },

  // Whoever directs.
  'leader killed': (world, random) => kill(world, someLeader(world, random), between(random, 100, 8_000)),
  'leader frozen': (world, random) => freeze(world, someLeader(world, random), between(random, 500, 12_000)),
  'leader cut off': (world, random) => cutOff(world, random, someLeader(world, random)),
  'store lost to the leader': (world, random) => {
    const leader = someLeader(world, random)
    if (leader !== undefined) loseStore(world, random, leader, storeWires(world))
  },
  'lease answers lost': (world, random) =>
    worsen(world, random, 'lease', { lostRequests: 0.3, lostAnswers: 0.4, late: 0.5 }),
  'lease lost to one': (world, random) => {
    const directors = world.machines.filter(({ roles }) => roles.includes('job-manager'))
    loseStore(world, random, directors[randomInteger(random, directors.length)]!, [world.state.wires.lease])
  },
  'lease down': (world, random) => worsen(world, random, 'lease', { isDown: true }),
  'stale lease': (world, random) => {
    tell(world, 'stale lease')
    const { lease } = world.state.faults
    lease.staleReads = random.next()
    after(world, random, [500, 8_000], () => {
      lease.staleReads = 0
    })
  },

  // The network.
  loss: (world, random) => {
    tell(world, 'loss')
    world.loss = 0.002 + random.next() ** 3 * 0.4
    after(world, random, [200, 5_000], () => {
      world.loss = 0
    })
  },
  delay: (world, random) => {
    const slow = new Set(world.machines.filter(() => random.next() < 0.4).map(({ name }) => name))
    const range = [between(random, 5, 50), between(random, 60, 1_500)] as const
    tell(world, 'delay', [...slow].join(' '))
    world.delayMs = (from, to) => (slow.has(from) || slow.has(to) ? range : undefined)
    after(world, random, [200, 6_000], () => {
      world.delayMs = () => undefined
    })
  },
  cut: (world, random) => cut(world, random, 'both ways'),
  'one-way cut': (world, random) => cut(world, random, 'one way'),
  'lost word': (world, random) => {
    const word = WORDS[randomInteger(random, WORDS.length)]!
    const times = random.next() < 0.5 ? 1 + randomInteger(random, 3) : Number.POSITIVE_INFINITY
    tell(world, 'lost word', `${word}, ${times} times`)
    world.lostWord = { word, times }
    after(world, random, [100, 4_000], () => {
      world.lostWord = undefined
    })
  },
  'NATS outage': (world, random) => {
    tell(world, 'NATS outage')
    // What is published is lost without a word, until each client notices for itself.
    world.loss = 1
    const lasts = between(random, 300, 6_000)
    const isStore = random.next() < 0.5
    for (const machine of world.machines) {
      if (random.next() < 0.2) continue
      for (const system of machine.systems()) {
        world.later(between(random, 1, 2_000), () => world.network.linkDown(system))
        world.later(lasts + between(random, 2_000, 4_000), () => world.network.linkUp(system))
      }
    }
    for (const { conditions } of isStore ? storeWires(world) : []) conditions.isDown = true
    world.later(lasts, () => {
      world.loss = 0
      for (const { conditions } of storeWires(world)) conditions.isDown = false
    })
  },

  // The store.
  'log answers lost': (world, random) =>
    worsen(world, random, 'log', { lostRequests: 0.2, lostAnswers: 0.4, late: 0.5 }),
  'stale log': (world, random) => {
    tell(world, 'stale log')
    const { log } = world.state.faults
    log.staleReads = random.next()
    log.showsOwn = random.next() < 0.5
    after(world, random, [500, 8_000], () => {
      log.staleReads = 0
    })
  },
  'blobs fail': (world, random) => {
    tell(world, 'blobs fail')
    const { blobs } = world.state.faults
    Object.assign(blobs, {
      refusedWrites: random.next() * 0.5,
      refusedReads: random.next() * 0.3,
      halves: random.next(),
      putMs: [0, between(random, 1, 500)],
    })
    after(world, random, [200, 5_000], () => world.state.heal())
  },
  'store full': (world, random) => {
    tell(world, 'store full')
    const faults = Object.values(world.state.faults)
    for (const part of faults) part.isFull = true
    after(world, random, [200, 5_000], () => {
      for (const part of faults) part.isFull = false
    })
  },
  'store slow': (world, random) => {
    worsen(world, random, 'log', { latencyMs: [20, 800] })
    worsen(world, random, 'blobs', { latencyMs: [20, 1_500] })
    if (random.next() < 0.5) worsen(world, random, 'lease', { latencyMs: [20, 800] })
  },
  'log down': (world, random) => worsen(world, random, 'log', { isDown: true }),
  'store down': (world, random) => {
    for (const what of ['log', 'blobs', 'documents', 'lease']) worsen(world, random, what, { isDown: true })
  },
  'blob answers lost': (world, random) =>
    worsen(world, random, 'blobs', { lostRequests: 0.1, lostAnswers: 0.2, late: 0.5 }),

  // PostgreSQL.
  'db answers lost': (world, random) =>
    worsen(world, random, 'db', { lostRequests: 0.2, lostAnswers: 0.3, late: 0.7 }),
  'db slow': (world, random) => worsen(world, random, 'db', { latencyMs: [20, 1_500] }),
  'db down': (world, random) => worsen(world, random, 'db', { isDown: true }),
  'db refuses': (world, random) => {
    tell(world, 'db refuses')
    world.postgres.refuseTransiently(random.next() * 0.5)
    after(world, random, [200, 3_000], () => world.postgres.refuseTransiently(0))
  },

  // Kafka.
  'kafka down': (world, random) => worsen(world, random, 'kafka', { isDown: true }),
  'kafka answers lost': (world, random) =>
    worsen(world, random, 'kafka', { lostRequests: 0.1, lostAnswers: 0.2 }),
  'kafka fails over': (world, random) => {
    const { brokers } = world.kafka
    tell(world, 'kafka fails over')
    world.kafka.failOver(brokers[randomInteger(random, brokers.length)]!, between(random, 0, 2_000))
  },
  'kafka refuses': (world, random) => {
    tell(world, 'kafka refuses')
    world.kafka.partitionErrors = random.next() * 0.3
    after(world, random, [200, 3_000], () => {
      world.kafka.partitionErrors = 0
    })
  },

  // Clocks of machines.
  'clock jump': (world, random) => {
    const machine = someMachine(world, random)
    const skewMs = between(random, -30_000, 60_000)
    tell(world, 'clock jump', `${machine?.name ?? 'none'} ${skewMs.toFixed(0)} ms`)
    machine?.skewClock(skewMs)
  },

  // At the worst moment.
  ambush: (world, random) => {
    const what = MOMENTS[randomInteger(random, MOMENTS.length)]!
    let left = randomInteger(random, 6)
    tell(world, 'ambush', `${left} more: ${what}`)
    const downMs = between(random, 100, 5_000)
    const isFreeze = random.next() < 0.3
    const isThread = random.next() < 0.3
    const isLeader = random.next() < 0.3
    world.onMoment = (moment) => {
      if (moment.what !== what || left-- > 0) return
      world.onMoment = undefined
      // Of the two that speak to each other: whoever hears, or whoever directs.
      const machine = isLeader
        ? someLeader(world, random)
        : world.machines.find(({ name }) => name === moment.machine)
      if (machine === undefined || !machine.isUp) return
      world.trace.add(machine.name, 'fault ambushed', what)
      if (isFreeze) freeze(world, machine, downMs * 2)
      else if (isThread && machine.roles.includes('task-manager')) crashThread(world, machine)
      else kill(world, machine, downMs)
    }
  },
} satisfies Readonly<Record<string, Strike>>

export type FaultName = keyof typeof FAULTS

/** Words whose loss, or whose receiver's crash, cuts a protocol in two. */
const WORDS = [
  'trigger',
  'acknowledged',
  'declined',
  'barrier-emitted',
  'ended',
  'complete',
  'abort',
  'assign',
  'deploy',
  'open-slot',
  'close-slot',
  'subtask-changed',
  'subtask-failed',
  'slot-lost',
  'adopt-slot',
  'superseded',
  'standby',
  'grant',
  'frame',
  'frame',
  'frame',
  'answer',
  'answer',
  'answer',
  'heartbeat',
]

const MOMENTS = [
  ...WORDS,
  'log',
  'log',
  'log',
  'blobs',
  'blobs',
  'db',
  'db',
  'db',
  'db',
  'documents',
  'lease',
  'lease',
  'kafka',
]

export function kill(world: World, machine: SimulatedMachine | undefined, downMs: number): void {
  if (machine === undefined) return
  tell(world, 'kill', `${machine.name} for ${downMs.toFixed(0)} ms`)
  machine.kill(downMs)
}

function freeze(world: World, machine: SimulatedMachine | undefined, forMs: number): void {
  if (machine === undefined) return
  tell(world, 'freeze', `${machine.name} for ${forMs.toFixed(0)} ms`)
  machine.freeze()
  world.later(forMs, () => machine.thaw())
}

function crashThread(world: World, machine: SimulatedMachine | undefined): void {
  if (machine?.crashThread() === true) tell(world, 'thread crash', machine.name)
}

function someMachine({ machines }: World, random: Random): SimulatedMachine | undefined {
  const up = machines.filter(({ isUp }) => isUp)
  return up[randomInteger(random, up.length)]
}

function someWorker({ machines }: World, random: Random): SimulatedMachine | undefined {
  const up = machines.filter(({ isUp, roles }) => isUp && roles.includes('task-manager'))
  return up[randomInteger(random, up.length)]
}

function someLeader(world: World, random: Random): SimulatedMachine | undefined {
  const up = world.leaders().filter(({ isUp }) => isUp)
  return up[randomInteger(random, up.length)]
}

/** From the other machines, and as often as not from the store too: one that keeps it goes on leading. */
function cutOff(world: World, random: Random, leader: SimulatedMachine | undefined): void {
  if (leader === undefined) return
  cut(world, random, random.next() < 0.5 ? 'one way' : 'both ways', leader.name)
  if (random.next() < 0.5) loseStore(world, random, leader, storeWires(world))
}

/** A machine that reaches the other machines, and not the store, or not a part of it. */
function loseStore(world: World, random: Random, { name }: SimulatedMachine, wires: readonly Wire[]): void {
  tell(world, 'store lost', `${name} ${wires.length === 1 ? 'to the lease' : 'to all of it'}`)
  for (const { conditions } of wires) conditions.cutOff = new Set([name])
  after(world, random, [500, 8_000], () => {
    for (const { conditions } of wires) conditions.cutOff = new Set()
  })
}

function cut(world: World, random: Random, how: 'one way' | 'both ways', whom?: string): void {
  const names = world.machines.map(({ name }) => name)
  const index = whom === undefined ? randomInteger(random, names.length) : names.indexOf(whom)
  const from = names.splice(index, 1)[0]!
  // From one other, or from all.
  const others = random.next() < 0.5 ? names : [names[randomInteger(random, names.length)]!]
  tell(world, 'cut', `${from} from ${others.join(' ')} ${how}`)
  const pairs = others.flatMap((to) =>
    how === 'both ways'
      ? [`${from} ${to}`, `${to} ${from}`]
      : [random.next() < 0.5 ? `${from} ${to}` : `${to} ${from}`],
  )
  for (const pair of pairs) world.cuts.add(pair)
  after(world, random, [200, 12_000], () => {
    for (const pair of pairs) world.cuts.delete(pair)
  })
}

function worsen(world: World, random: Random, what: string, conditions: object): void {
  tell(world, `${what} ${Object.keys(conditions).join(' ')}`)
  const wires = world.wires().filter(([name]) => name === what)
  for (const [, wire] of wires) Object.assign(wire.conditions, conditions)
  after(world, random, [100, 5_000], () => {
    for (const [, wire] of wires) wire.heal()
  })
}

function storeWires({ state }: World) {
  return Object.values(state.wires)
}

function tell({ trace }: World, what: string, about: string | undefined = ''): void {
  trace.add('world', `fault ${what}`, about)
}

function after(world: World, random: Random, [min, max]: readonly [number, number], mend: () => void): void {
  world.later(between(random, min, max), mend)
}

function between(random: Random, min: number, max: number): number {
  return min + random.next() * (max - min)
}
