import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import { ActorSystem } from '#src/actor/system.js'
import { systemClock } from '#src/kit/clock.js'
import type { SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

/**
 * Two actors pass balls to each other, by reference in one thread; beside it a bare loop that calls the same two
 * functions. Printed as messages per second of CPU (what else runs on the machine then matters less) and as a ratio,
 * because only the ratio says anything on another machine.
 *
 *     node dist/bench/actor-ping-pong.js [messages]
 */
const MESSAGES = Number(process.argv[2] ?? 5_000_000)

interface Ball {
  type: 'ball'
  hits: number
}

class Player implements Actor<Ball> {
  peer: ActorRef<Ball> | undefined
  left: number
  readonly #done: () => void

  constructor(hits: number, done: () => void) {
    this.left = hits
    this.#done = done
  }

  receive(ball: Ball, ctx: ActorContext<Ball>): void {
    ball.hits++
    if (--this.left < 0) this.#done()
    else if (this.peer !== undefined) ctx.send(this.peer, ball)
  }
}

async function played(balls: number): Promise<number> {
  const system = new ActorSystem({
    id: 'bench' as SystemId,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
  let onDone = () => {}
  const done = new Promise<void>((resolve) => {
    onDone = resolve
  })
  const ping = new Player(MESSAGES / 2, onDone)
  const pong = new Player(MESSAGES / 2, onDone)
  const pingRef = system.spawn('ping', ping)
  pong.peer = pingRef
  ping.peer = system.spawn('pong', pong)
  const startedAt = cpuSeconds()
  for (let i = 0; i < balls; i++) system.send(pingRef, { type: 'ball', hits: 0 })
  await done
  const perSecond = MESSAGES / (cpuSeconds() - startedAt)
  await system.stop()
  return perSecond
}

function called(): number {
  const ping = { hits: 0 }
  const pong = { hits: 0 }
  const startedAt = cpuSeconds()
  let from = ping
  let to = pong
  for (let i = 0; i < MESSAGES; i++) {
    to.hits++
    const next = from
    from = to
    to = next
  }
  return MESSAGES / (cpuSeconds() - startedAt)
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

called() // warm
const bare = called()
for (const balls of [1, 16, 256]) {
  await played(balls) // warm
  const perSecond = await played(balls)
  process.stdout.write(
    `${balls} ball(s): ${(perSecond / 1e6).toFixed(1)} M msg/s, ${(bare / perSecond).toFixed(0)} bare calls a message\n`,
  )
}
