/**
 * A supervised pair of actors in two processes, over NATS.
 *
 *     nats-server &                                   # any 2.9 or newer
 *     node dist/examples/actor-pair/main.js           # or with the address: … nats://host:4222
 *
 *     pong 1 from process 4711
 *     pong 2 from process 4711
 *     …                                               # now, elsewhere: kill -9 4711
 *     the peer in process 4711 has ended: lost
 *     pong 1 from process 4742
 *
 * Here runs a supervisor with one child, the partner:
 *
 *     this process                                    the peer process
 *     supervisor                                      pong
 *     └─ partner  ── ask "ping", every 200 ms ──→     answers
 *                 ── watch ─────────────────────→     (dies: the partner hears of it)
 *
 * The partner starts the peer process, asks until it answers for the first time, watches it, and goes on asking. When
 * the peer's end is told, the partner fails. The supervisor starts it again half a second later, and with it a new
 * process: nobody but the supervisor knows how to go on after a failure. It gives up after five.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  type Actor,
  type ActorContext,
  type ActorRef,
  ActorSystem,
  type Address,
  type Answer,
  type ExitReason,
  NatsTransport,
  randomToken,
  restartStrategyOf,
  Supervisor,
  type SystemId,
  silentLogger,
  systemClock,
  systemRandom,
} from 'retake/actor'
import type { Pong, PongMessage } from './messages.js'

/** What the partner hears. */
type PartnerMessage =
  // its timer
  | { readonly type: 'ask-again' }
  // the peer
  | { readonly type: 'answered'; readonly answer: Answer<Pong> }
  | { readonly type: 'peer-ended'; readonly reason: ExitReason }

const PEER = fileURLToPath(new URL('./peer.js', import.meta.url))

class Partner implements Actor<PartnerMessage> {
  readonly #servers: string
  readonly #process: ChildProcess
  readonly #pong: ActorRef<PongMessage>
  #asked = 0
  #answered = 0

  constructor(servers: string) {
    // A system's id is never used twice: what is still under way to the old process never reaches the new one.
    const id = `peer-${randomToken(systemRandom)}`
    this.#servers = servers
    this.#process = spawn(process.execPath, [PEER, this.#servers, id], {
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    this.#pong = { address: `${id}.pong` as Address }
  }

  start(ctx: ActorContext<PartnerMessage>): void {
    this.#ask(ctx)
  }

  receive(message: PartnerMessage, ctx: ActorContext<PartnerMessage>): void {
    switch (message.type) {
      case 'ask-again':
        this.#ask(ctx)
        return
      case 'answered':
        this.#onAnswered(message.answer, ctx)
        return
      case 'peer-ended':
        throw new Error(`the peer in process ${this.#process.pid} has ended: ${message.reason.kind}`)
    }
  }

  stop(reason: ExitReason): void {
    if (reason.kind === 'failed') console.log(reason.error.message)
    this.#process.stdin?.destroy() // its input ends, and so does it
  }

  #ask(ctx: ActorContext<PartnerMessage>): void {
    const ping: PongMessage = { type: 'ping', number: ++this.#asked }
    // Until the peer is up there is nobody to answer: repeat. A ping answered twice does no harm.
    ctx.ask(this.#pong, ping, { timeoutMs: 10_000, repeatMs: 100 }, (answer) => ({
      type: 'answered',
      answer,
    }))
  }

  #onAnswered(answer: Answer<Pong>, ctx: ActorContext<PartnerMessage>): void {
    if (!answer.ok) throw new Error(`the peer did not answer: ${answer.failure.kind}`)
    console.log(`pong ${answer.value.number} from process ${answer.value.pid}`)
    this.#answered++
    if (this.#answered === 1) ctx.watch(this.#pong, (reason) => ({ type: 'peer-ended', reason }))
    ctx.after('ask-again', 200, { type: 'ask-again' })
  }
}

const servers = process.argv[2] ?? 'nats://127.0.0.1:4222'
const system = new ActorSystem({
  id: `main-${randomToken(systemRandom)}` as SystemId,
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  transports: [
    new NatsTransport({
      servers: servers.split(','),
      cluster: 'actor-pair',
      name: 'main',
      onFatal: (error) => end(1, error.message),
    }),
  ],
  onFailure: (_, reason) => end(1, 'error' in reason ? reason.error.message : reason.kind),
})

try {
  await system.ready
} catch (error) {
  end(1, error instanceof Error ? error.message : String(error))
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void system.stop().then(() => end(0, 'good bye')))
}
system.spawn(
  'supervisor',
  new Supervisor({
    restarts: restartStrategyOf({ type: 'fixed-delay', attempts: 5, delay: '500ms' }, systemRandom),
    children: [{ id: 'partner', start: () => new Partner(servers) }],
  }),
)

function end(code: number, lastWord: string): never {
  console.log(lastWord)
  process.exit(code)
}
