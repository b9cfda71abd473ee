/**
 * The second process of the pair, started by `main.ts`: one actor system with one actor in it, which answers pings.
 *
 *     node peer.js NATS_SERVERS SYSTEM_ID
 */
import {
  type Actor,
  type ActorContext,
  ActorSystem,
  NatsTransport,
  type SystemId,
  silentLogger,
  systemClock,
  systemRandom,
} from 'retake/actor'
import type { Pong, PongMessage } from './messages.js'

class PongActor implements Actor<PongMessage> {
  receive(message: PongMessage, ctx: ActorContext<PongMessage>): void {
    ctx.reply<Pong>({ number: message.number, pid: process.pid })
  }
}

const [servers = '', id = ''] = process.argv.slice(2)
const system = new ActorSystem({
  id: id as SystemId,
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  transports: [
    new NatsTransport({
      servers: servers.split(','),
      cluster: 'actor-pair',
      name: 'peer',
      onFatal: (error) => {
        console.error(error.message)
        process.exit(1)
      },
    }),
  ],
})
system.spawn('pong', new PongActor())

// The parent holds the other end of our input. When it is gone, in whatever way, we have nobody to play with.
process.stdin.resume().on('end', () => {
  void system.stop().then(() => process.exit(0))
})
await system.ready
